from django.apps import AppConfig


class CryptopredictConfig(AppConfig):
    name = "cryptopredict"
