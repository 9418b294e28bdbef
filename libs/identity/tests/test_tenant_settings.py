"""A tenant's settings as they are stored."""

from accunode_identity.tenant_settings import TenantSettings, settings_of


def test_what_a_tenant_did_not_decide_has_a_default() -> None:
    assert settings_of({}) == TenantSettings()


def test_a_setting_that_is_not_known_any_more_is_passed_over() -> None:
    assert settings_of({"default_seats": 7, "colour": "red"}).default_seats == 7
