from django.apps import AppConfig


class AIModelsConfig(AppConfig):
    name = "aimodels"
