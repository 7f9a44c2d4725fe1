"""The Django app of the admin's page: only projects that install it get its permissions."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """`INSTALLED_APPS = [..., "towpath.operations"]`, behind `django.contrib.admin`."""

    name = "towpath.operations"
    label = "towpath_operations"
    verbose_name = "Towpath"
    default_auto_field = "django.db.models.AutoField"
