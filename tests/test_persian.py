"""Persian pages are Persian throughout: every text of ours has its translation, in file and on the page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import astuple
from datetime import timedelta
from gettext import GNUTranslations
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation.template import templatize

from accounts.models import User
from aimodels.selectors.catalogue import catalogue
from aimodels.words import DECLARED
from assets.tests.stored import AssetFactory
from cryptopredict.apps import name_holders
from macro.tests.factories import RegimeAnalysisFactory
from sectors.engine.taxonomy import SECTORS
from sectors.tests.factories import SectorFactory, SectorPerformanceFactory, SectorRotationFactory
from sectors.words import DESCRIPTIONS, NAMES, sector_description, sector_name
from selection.engine.reasons import PHRASES, SCALES, Reason, words
from selection.tests.factories import WatchlistAnalysisFactory
from selection.words import PLACES, TEMPLATES, reason_words
from tests import site
from tests.test_layer_pages import PAGES
from trading.engine import Direction
from trading.engine.probability import names
from trading.tests.factories import CandidateFactory, SignalFactory
from trading.words import FEATURE_NAMES, feature_name

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale/fa/LC_MESSAGES/django.po"
OURS = ("accounts", "aimodels", "assets", "cryptopredict", "macro", "sectors", "selection", "trading")
CALLS = {"_", "_l", "_t", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
MARKED = re.compile(r"""(?:\b\w*gettext|\b_)\(\s*(u?(?:"(?:[^"\\]|\\.)+"|'(?:[^'\\]|\\.)+'))""")
PLACE = re.compile(r"%\(\w+\)[sdg]|%[sd]|\{\w+\}")
SAID = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-\w*word\w*)="([^"]*)"')
OWN_PAGES = (
    "/accounts/tokens/", "/accounts/notifications/", "/selection/suggestions/", "/trading/portfolio/",
    "/trading/risk-profile/", "/trading/backtests/", "/nowhere/",
)  # fmt: skip
CODES = set(
    "date symbol side quantity price fees id stop target".split()
    + "UTC SHA ROC AUC IC PSI verify ledger expect evaluate models".split()
    + "CryptoPredict CSV RSI TradingView Lightweight Charts Authorization".split()
)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def entries() -> Iterator[tuple[str, list[str], str]]:
    """msgid, its translations and the flags, of each entry of the catalogue but the header."""
    for block in CATALOGUE.read_text().split("\n\n")[1:]:
        texts: dict[str, str] = {}
        key = flags = ""
        for line in block.splitlines():
            flags += line if line.startswith("#,") else ""
            if found := re.match(r"(msgid_plural|msgid|msgstr\S*) ", line):
                key = found[1]
            if not line.startswith("#") and (part := STRING.search(line)):
                texts[key] = texts.get(key, "") + part[1].replace('\\"', '"').replace("\\n", "\n")
        if "msgid" in texts:
            yield texts["msgid"], [text for key, text in texts.items() if key.startswith("msgstr")], flags


def texts_in_code() -> set[str]:
    found = set()
    for path in (path for app in OURS for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]) if (
                    name in CALLS
                ):
                    found.add(text)
    return found


def texts_in_templates() -> set[str]:
    """As makemessages reads them: blocks with named places, and each % of a template doubled."""
    pages = (path.read_text() for kind in ("html", "txt") for path in (ROOT / "templates").rglob(f"*.{kind}"))
    return {ast.literal_eval(text) for page in pages for text in MARKED.findall(templatize(page))}


def seen(page: str) -> str:
    """What one reads of a page's own part: no markup or code, nor the frame with the account's address."""
    own = re.sub(r"(?s)<(code|bdi)\b.*?</\1>", " ", page[page.index("<main") : page.index("</main>")])
    return unescape(re.sub(r"<[^>]+>", " ", own))


def latin_words(page: str, names: set[str]) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}", seen(page))) - names


@pytest.fixture
def persian(client: Client) -> Iterator[Client]:
    client.force_login(User.objects.create_user("reader@example.com", "a-long-pass-9", role="casual"))
    client.post("/i18n/setlang/", {"language": "fa", "next": "/"})
    with translation.override("en"):  # a request leaves its language behind in the thread
        yield client


def test_every_entry_of_the_catalogue_is_translated_and_none_is_a_guess() -> None:
    found = list(entries())
    assert len(found) > 300
    assert [text for text, told, flags in found if not all(told) or not told or "fuzzy" in flags] == []


def test_translations_keep_their_placeholders() -> None:
    for text, told, _flags in entries():
        for each in told:
            assert sorted(PLACE.findall(each)) == sorted(PLACE.findall(text)), text


def test_every_text_of_code_and_templates_is_in_the_compiled_catalogue() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    plain = (key[0] if isinstance(key, tuple) else key for key in compiled)
    known = {key.rpartition("\4")[2] for key in plain}  # what stands before is a context
    used = texts_in_code() | texts_in_templates()
    assert len(used) > 300
    assert used - known == set()
    assert {text for text, _told, _flags in entries()} - known == set()


def test_the_names_of_models_and_fields_on_the_desk_have_their_persian() -> None:
    with translation.override("en"):
        names = {str(getattr(holder, attribute)) for holder, attribute in name_holders()}
    assert len(names) > 400
    assert names - {text for text, _told, _flags in entries()} == set()
    holding = next(holder for holder, _ in name_holders() if str(holder) == "selection.watchlistitem")
    assert (str(holding.verbose_name), str(holding.verbose_name_plural)) == (
        "watchlist item",
        "watchlist items",
    )
    with translation.override("fa"):
        told = [str(getattr(holder, attribute)) for holder, attribute in name_holders()]
        assert [text for text in told if re.match(r"[a-z ]+$", text)] == []


def test_what_models_declare_of_themselves_is_known_to_translators() -> None:
    specs = [one.spec for one in catalogue().models.values()]
    declared = {text for spec in specs for text in (spec.estimator, spec.target, spec.rival, spec.metric)}
    assert len(specs) > 5
    assert declared - set(DECLARED) == set()


def test_the_phrases_of_the_selection_are_those_that_translators_see() -> None:
    assert set(TEMPLATES) == {phrase.template for phrase in PHRASES.values()}
    assert set(PLACES) == {text for scale in SCALES for text in astuple(scale)}


def test_the_sectors_of_the_taxonomy_are_those_that_translators_see() -> None:
    assert tuple(sector.name for sector in SECTORS) == NAMES
    assert tuple(sector.description for sector in SECTORS) == DESCRIPTIONS
    with translation.override("fa"):
        for sector in SECTORS:
            assert not re.search(
                "[A-Za-z]", sector_name(sector.name) + sector_description(sector.description)
            )


@pytest.mark.django_db
def test_sectors_are_translated_on_pages_and_stay_as_stored_in_the_api(persian: Client) -> None:
    close = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    seeded = SECTORS[0]
    home = SectorFactory(name=seeded.name, description=seeded.description)
    own = SectorFactory(name="My corner", description="What I like.")
    for sector in (home, own):
        SectorPerformanceFactory(as_of=close, sector=sector)
    page = persian.get(f"/sectors/{home.slug}/").content.decode()
    assert "<h1>" in page and "دیفای" in page and seeded.description not in page
    typed = persian.get(f"/sectors/{own.slug}/").content.decode()
    assert "My corner" in typed and "What I like." in typed
    SectorRotationFactory(as_of=close, leading_sectors=[home.slug], declining_sectors=[own.slug])
    ranking = persian.get("/sectors/").content.decode()
    assert ">DeFi<" not in ranking
    assert ">دیفای</a>" in ranking
    drawn = persian.get("/sectors/data/growth?range=all").json()
    assert {column["name"] for column in drawn["columns"]} >= {"دیفای", "My corner"}
    told = persian.get("/api/v1/layer2/sectors", headers={"Accept-Language": "fa"}).json()
    assert {row["name"] for row in told} == {"DeFi", "My corner"}


@pytest.mark.parametrize("percentile", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("name", PHRASES)
def test_a_reason_reads_the_same_in_english_and_has_no_english_in_persian(
    name: str, percentile: float
) -> None:
    reason = Reason(name, 4.2e9 if PHRASES[name].unit == "usd" else 0.25, percentile, 0.1)
    assert reason_words(reason) == words(reason)
    with translation.override("fa"):
        assert not re.search("[A-Za-z]", reason_words(reason))


def test_every_feature_of_the_timing_models_has_a_name() -> None:
    for direction in Direction:
        assert {name.removesuffix("_relative") for name in names(direction)} == set(FEATURE_NAMES)
        for name in names(direction):
            assert "_" not in feature_name(name)
            with translation.override("fa"):
                assert not re.search("[A-Za-z]", feature_name(name))


@pytest.mark.django_db
@pytest.mark.parametrize("open_signal", [True, False])
@pytest.mark.parametrize("days_old", [0, 9])
def test_a_persian_dashboard_has_no_english_words(persian: Client, open_signal: bool, days_old: int) -> None:
    close = (timezone.now() - timedelta(days=days_old)).replace(hour=0, minute=0, second=0, microsecond=0)
    coin = AssetFactory(symbol="SOL", name="Solana")
    RegimeAnalysisFactory(as_of=close, market_regime="volatile")
    SectorPerformanceFactory(as_of=close, sector=SectorFactory(name="DeFi"))
    SectorRotationFactory(as_of=close)
    WatchlistAnalysisFactory(as_of=close, asset=coin)
    CandidateFactory(as_of=close, asset=coin)
    if open_signal:
        SignalFactory(as_of=close, asset=coin, expires_at=close + timedelta(days=30))
    page = persian.get("/").content.decode()
    assert page.count('<p class="figure">') == 4
    assert latin_words(page, {"SOL", "Solana", "DeFi", "CryptoPredict"}) == set()


@pytest.mark.django_db
def test_the_persian_pages_of_signals_have_no_english_words(persian: Client) -> None:
    factors = [{"name": name, "value": 1.5, "contribution": 0.2} for name in FEATURE_NAMES]
    signal = SignalFactory(
        asset=AssetFactory(symbol="SOL", name="Solana"),
        ai_analysis={"key_factors": factors, "probability_analysis": {"3d_target": 0.27}},
        market_context={"regime": "bull", "exposure": 0.45, "score_percentile": 0.82, "sector": "DeFi"},
    )
    for url in ("/trading/signals/", f"/trading/signals/{signal.pk}/"):
        page = persian.get(url).content.decode()
        assert "SOL" in page
        assert latin_words(page, {"SOL", "Solana", "DeFi", *CODES}) == set()


@pytest.mark.django_db
def test_no_persian_page_has_english_words_in_text_or_labels(persian: Client) -> None:
    built = site.build()
    site.more(built)
    names = {word for coin in built.coins.values() for word in f"{coin.symbol} {coin.name}".split()}
    names |= {"Layer", "Meme", "DeFi", "Gaming", "New", "NEW", "Mine", "Hello", "Hi", *CODES}
    for role in ("professional", "guest"):
        persian.force_login(built.people[role])
        for path in (*PAGES, *OWN_PAGES):
            page = persian.get(path.format(coin=built.coins["BTC"].pk)).content.decode()
            assert 'lang="fa"' in page
            assert latin_words(page, names) == set(), path
            labels = unescape(" ".join(SAID.findall(page)))
            assert set(re.findall(r"[A-Za-z]{2,}", labels)) - names == set(), path
