import re

import numpy as np
import pytest

from sectors.engine import Membership, taxonomy


def test_the_ten_sectors_of_the_design_are_there():
    assert taxonomy.NAMES == (
        "DeFi",
        "Layer1",
        "Layer2",
        "Gaming",
        "NFT",
        "Infrastructure",
        "Meme",
        "Payments",
        "Privacy",
        "Stablecoins",
    )
    assert [s.name for s in taxonomy.SECTORS if s.stable] == ["Stablecoins"]
    assert all(re.fullmatch("#[0-9A-F]{6}", s.colour) and s.focus and s.description for s in taxonomy.SECTORS)


def test_every_known_coin_is_whole_and_has_one_main_sector():
    assert len(taxonomy.known_tickers()) > 300
    for ticker in taxonomy.known_tickers():
        weights = list(taxonomy.homes(ticker).values())
        assert sum(weights) == pytest.approx(1.0), ticker
        assert len(weights) == 1 or weights[0] > weights[1], ticker


def test_pieces_of_a_cut_series_belong_where_the_coin_does():
    assert taxonomy.homes("LUNA#0") == taxonomy.homes("luna") == {"Layer1": 1.0}


def test_an_unknown_coin_is_in_no_sector():
    found = taxonomy.membership(["BTC", "NOBODYKNOWS"])
    assert found.weights.sum(axis=1).tolist() == [1.0, 0.0]


def test_today_s_classification_admits_that_it_is_not_point_in_time():
    assert taxonomy.POINT_IN_TIME is False


@pytest.mark.parametrize("weights", [[[0.7, 0.7]], [[-0.1, 0.5]], [[np.nan, 0.5]], [[0.5]]])
def test_a_membership_that_no_index_can_be_made_of_is_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        Membership(("A", "B"), np.array(weights), np.array([False, False]))
