from django.db import migrations

from aimodels.models import chaining


class Migration(migrations.Migration):
    dependencies = [
        ("aimodels", "0004_ledger"),
        ("trading", "0004_executions_and_limits"),
    ]

    operations = [
        chaining.chain_records(
            "trading_tradingsignal",
            mutable=(
                "outcome",
                "exit_price",
                "return_r",
                "closed_at",
                "cancelled_by_id",
                "status",
                "updated_at",
            ),
            outcome="outcome",
            sealed=("id", "outcome", "exit_price", "return_r", "closed_at"),
        ),
    ]
