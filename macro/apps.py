from django.apps import AppConfig


class MacroConfig(AppConfig):
    name = "macro"
