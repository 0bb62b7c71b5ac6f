from typing import Any

from django.db import migrations

import accounts.models.sealed
from accounts.models.sealed import MARK, seal, unseal


def _rewrite(apps: Any, editor: Any, write: Any) -> None:
    table = apps.get_model("accounts", "NotificationChannel")._meta.db_table
    with editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT id, address FROM {table} WHERE address NOT IN ('app', 'email')")
        rows = [(write(address), pk) for pk, address in cursor.fetchall()]
        cursor.executemany(f"UPDATE {table} SET address = %s WHERE id = %s", rows)


def seal_all(apps: Any, editor: Any) -> None:
    _rewrite(apps, editor, lambda text: text if text.startswith(MARK) else seal(text))


def unseal_all(apps: Any, editor: Any) -> None:
    _rewrite(apps, editor, lambda text: unseal(text) if text.startswith(MARK) else text)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_notification_delivery")]
    operations = [
        migrations.AlterField(
            model_name="notificationchannel",
            name="address",
            field=accounts.models.sealed.SealedField(
                help_text="app, email, or an Apprise URL", plain=("app", "email")
            ),
        ),
        migrations.RunPython(seal_all, unseal_all),
    ]
