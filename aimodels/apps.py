from django.apps import AppConfig


class AIModelsConfig(AppConfig):
    name = "aimodels"
    verbose_name = "Models"
