"""The tables whose changes by people are kept: what they were and what they became."""

from django.db import migrations

AUDITED = (
    "account_emailaddress",
    "accounts_apitoken",
    "accounts_notification",
    "accounts_notificationchannel",
    "accounts_user",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "aimodels_aimodel",
    "aimodels_trainingjob",
    "assets_asset",
    "auth_group",
    "auth_group_permissions",
    "cryptopredict_runtimesettings",
    "sectors_sector",
    "sectors_sectormapping",
    "selection_portfolio",
    "selection_portfolioasset",
    "selection_suggestion",
    "selection_suggestionreview",
    "selection_watchlist",
    "selection_watchlistitem",
    "trading_riskprofile",
    "trading_tradingsignal",
)


def _attach(table: str) -> str:
    return (
        f"CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW "
        "WHEN (COALESCE(current_setting('cryptopredict.actor', true), '') <> '') "
        "EXECUTE FUNCTION accounts_audit()"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("accounts", "0003_audit"),
        ("aimodels", "0001_initial"),
        ("assets", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("cryptopredict", "0001_initial"),
        ("sectors", "0001_initial"),
        ("selection", "0001_initial"),
        ("trading", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(_attach(table), f"DROP TRIGGER IF EXISTS audit ON {table}") for table in AUDITED
    ]
