from datetime import UTC, datetime, timedelta

from campaigner.core.collisions import Appointment, find_collisions

TEN = datetime(2027, 3, 1, 10, tzinfo=UTC)


def at(minutes: int, campaign: str, item: str = "one", account: str = "x-en") -> Appointment:
    return Appointment(
        account=account, at=TEN + timedelta(minutes=minutes), campaign=campaign, item=item
    )


def found(*appointments: Appointment) -> list[tuple[str, str]]:
    return [(each.first.campaign, each.second.campaign) for each in find_collisions(appointments)]


def test_neighbours_of_two_campaigns_within_half_an_hour_collide() -> None:
    assert found(at(29, "summer"), at(0, "spring")) == [("spring", "summer")]
    assert found(at(0, "spring"), at(0, "summer")) == [("spring", "summer")]


def test_half_an_hour_is_enough() -> None:
    assert found(at(0, "spring"), at(30, "summer")) == []


def test_a_campaign_may_follow_itself_and_others_on_other_accounts() -> None:
    assert found(at(0, "spring"), at(5, "spring", "two")) == []
    assert found(at(0, "spring"), at(5, "summer", account="x-es")) == []


def test_only_neighbours_are_told_in_order_of_time() -> None:
    crowd = [at(20, "autumn"), at(0, "spring"), at(10, "summer"), at(600, "spring", "two")]
    assert found(*crowd) == [("spring", "summer"), ("summer", "autumn")]


def test_languages_of_one_item_are_one_appointment() -> None:
    assert found(at(0, "spring"), at(0, "spring"), at(1, "summer")) == [("spring", "summer")]


def test_how_close_is_too_close_is_an_argument() -> None:
    two = (at(0, "spring"), at(40, "summer"))
    assert find_collisions(two) == []
    assert len(find_collisions(two, within=timedelta(hours=1))) == 1
