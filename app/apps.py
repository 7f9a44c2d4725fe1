"""The Django application. It patches nothing: its place in `INSTALLED_APPS` decides which `runserver` is used."""

from django.apps import AppConfig
from django.core import checks as django_checks
from django.utils.module_loading import autodiscover_modules


class TowpathConfig(AppConfig):
    """Adds the commands, the system checks and the data bindings to a project with "towpath" in `INSTALLED_APPS`.

    Modules called `bindings` of all applications are imported, so that each process that changes a model has them.
    """

    name = "towpath"
    label = "towpath"
    verbose_name = "Towpath"

    def ready(self) -> None:
        from .binding.base import BindingMetaclass
        from .checks import (
            arguments,
            bindings,
            connects,
            layers,
            origins,
            paths,
            routes,
            schedules,
            sessions,
            settings,
            stores,
        )

        django_checks.register(settings.check_settings)
        django_checks.register(settings.check_layers)
        django_checks.register(settings.check_memory_layer)
        django_checks.register(settings.check_runserver)
        django_checks.register(layers.check_backends)
        django_checks.register(routes.check_routes)
        django_checks.register(paths.check_paths)
        django_checks.register(paths.check_channels)
        django_checks.register(arguments.check_arguments)
        django_checks.register(connects.check_connects)
        django_checks.register(schedules.check_schedules)
        django_checks.register(sessions.check_session_engine)
        django_checks.register(origins.check_origins)
        django_checks.register(origins.check_hosts, deploy=True)
        django_checks.register(stores.check_stores, deploy=True)
        django_checks.register(bindings.check_bulk_operations)
        autodiscover_modules("bindings")
        BindingMetaclass.register_all()
