"""What looks at the whole system over HTTP; paths are relative to /api/v1/."""

from cryptopredict.api import documentation, layers, operations, people

urlpatterns = [
    *layers.urlpatterns,
    *operations.urlpatterns,
    *people.urlpatterns,
    *documentation.urlpatterns,
]
