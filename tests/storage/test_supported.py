import pytest

from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.supported import SUPPORTED, require_supported

OTHERS = [
    "mysql://ann:secret@localhost/studies",
    "mysql+pymysql://ann:secret@localhost/studies",
    "mariadb+mariadbconnector://ann:secret@localhost/studies",
    "redis://:secret@localhost:6379/0",
    "journal://ann:secret@host/studies.log",
    "oracle://ann:secret@localhost/studies",
]


@pytest.mark.parametrize("url", OTHERS)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_that_would_lose_networks_or_leases_is_refused_before_anything_is_opened(url, read_only):
    with pytest.raises(
        UserError, match=r"SQLite or PostgreSQL, and \w+ is neither; take a URL like sqlite:///"
    ) as said:
        Database(url, read_only=read_only)
    assert "secret" not in str(said.value)


@pytest.mark.parametrize("backend", SUPPORTED)
def test_the_others_may_be_opened(backend):
    require_supported(backend, f"{backend}://")
