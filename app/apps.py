"""The Django application. It patches nothing: its place in `INSTALLED_APPS` decides which `runserver` wins."""

from django.apps import AppConfig
from django.core import checks as django_checks
from django.utils.module_loading import autodiscover_modules


class TowpathConfig(AppConfig):
    """Makes `"towpath"` in `INSTALLED_APPS` bring the commands, the system checks and the data bindings.

    Modules called `bindings` of all applications are imported, so that every process that changes a model sees it.
    """

    name = "towpath"
    label = "towpath"
    verbose_name = "Towpath"

    def ready(self) -> None:
        from towpath.consumers.binding import BindingMetaclass

        from . import (
            argument_checks,
            binding_checks,
            checks,
            connect_checks,
            layer_checks,
            origin_checks,
            path_checks,
            routing_checks,
            schedule_checks,
            session_checks,
        )

        django_checks.register(checks.check_settings)
        django_checks.register(checks.check_layers)
        django_checks.register(checks.check_memory_layer)
        django_checks.register(checks.check_runserver)
        django_checks.register(layer_checks.check_backends)
        django_checks.register(routing_checks.check_routes)
        django_checks.register(path_checks.check_paths)
        django_checks.register(path_checks.check_channels)
        django_checks.register(argument_checks.check_arguments)
        django_checks.register(connect_checks.check_connects)
        django_checks.register(schedule_checks.check_schedules)
        django_checks.register(session_checks.check_session_engine)
        django_checks.register(origin_checks.check_origins)
        django_checks.register(origin_checks.check_hosts, deploy=True)
        django_checks.register(binding_checks.check_bulk_operations)
        autodiscover_modules("bindings")
        BindingMetaclass.register_all()
