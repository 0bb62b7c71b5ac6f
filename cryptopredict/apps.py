from django.apps import AppConfig
from django.contrib.admin import apps as admin


class CryptopredictConfig(AppConfig):
    name = "cryptopredict"
    default = True


class DeskConfig(admin.AdminConfig):
    """Django's admin with our site as the default one, so that every app registers as usual."""

    default_site = "cryptopredict.desksite.DeskSite"
    default = False
