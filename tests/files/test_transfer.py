"""Facts about transfers, against a server that misbehaves: what arrives is the file, whole, or nothing has its name."""

import base64
import hashlib
import os
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.downloads import OTHER, WHOLE, check, get, left, record
from support.server import Answer

from sketch_rnn_keras.errors import InputError
from sketch_rnn_keras.files import transfer
from sketch_rnn_keras.files.records import verify
from sketch_rnn_keras.files.transfer import Download, Stopped, fetch

ATTEMPTS = len(transfer._DELAYS) + 1
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"

# -------------------------------------------------------------------------------------------------------- it arrives


def test_a_whole_file_and_its_record(download):
    file = download(Answer(WHOLE))
    assert get(file) == WHOLE
    assert left(file) == {"file", "file.download.json"}
    expected = {"url": file.url, "size": len(WHOLE), "sha256": hashlib.sha256(WHOLE).hexdigest(), "validator": '"v1"'}
    assert record(file) == expected
    assert verify(file.path)


def test_a_file_is_asked_for_as_it_lies_there(download, server):
    get(download(Answer(WHOLE)))
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_a_file_has_the_mode_that_the_user_gives_files(download):
    file = download(Answer(WHOLE))
    get(file)
    umask = os.umask(0)
    os.umask(umask)
    assert file.path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("announced", ["none", "chunked"])
def test_a_file_of_unknown_length(download, announced):
    heard = []
    file = download(Answer(WHOLE, announced=announced))
    fetch(file, lambda have, total: heard.append((have, total)), threading.Event())
    assert file.path.read_bytes() == WHOLE
    assert heard[-1] == (len(WHOLE), None)


def test_progress_counts_what_has_arrived(download):
    heard = []
    file = download(Answer(WHOLE, sent=100_000), Answer(WHOLE))
    fetch(file, lambda have, total: heard.append((have, total)), threading.Event())
    assert [have for have, _ in heard] == sorted(have for have, _ in heard)
    assert heard[-1] == (len(WHOLE), len(WHOLE))
    assert {total for _, total in heard} == {len(WHOLE)}


def test_a_cut_connection_is_continued_where_it_broke(download, server):
    file = download(Answer(WHOLE, sent=100_000), Answer(WHOLE, sent=50_000), Answer(WHOLE))
    assert get(file) == WHOLE
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert [headers.get("If-Range") for _, headers in server.requests] == [None, '"v1"', '"v1"']


def test_the_lock_of_a_process_that_was_killed_does_not_stay(download, server):
    file = download(Answer(WHOLE))
    lock = file.path.with_name(f".{file.path.name}.lock")
    for _ in range(2):  # before the file is there, and when it is
        lock.parent.mkdir(exist_ok=True)
        lock.touch()
        assert get(file) == WHOLE
        assert left(file) == {"file", "file.download.json"}
    assert len(server.requests) == 1


@given(st.lists(st.integers(0, 3000), max_size=ATTEMPTS - 1), st.booleans(), st.sampled_from([None, "chunked"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cuts_anywhere_do_no_harm(download, cuts, honours_range, announced):
    content = WHOLE[-4000:]
    options = {"honours_range": honours_range, "announced": announced}
    file = download(*(Answer(content, sent=cut, **options) for cut in cuts), Answer(content, **options))
    assert get(file) == content
    assert left(file) == {"file", "file.download.json"}
    for name in left(file):
        (file.path.parent / name).unlink()


def test_the_next_run_goes_on(download, server):
    file = download(Answer(WHOLE, sent=40_000))
    with pytest.raises(InputError, match=f"after {ATTEMPTS * 40_000} of {len(WHOLE)} bytes.* the last of {ATTEMPTS}"):
        get(file)
    assert left(file) == {"file.part", "file.download.json"}
    assert file.part.read_bytes() == WHOLE[: ATTEMPTS * 40_000]
    server.answers["/file"] = [Answer(WHOLE)]
    assert get(file) == WHOLE
    assert server.ranges[-1] == f"bytes={ATTEMPTS * 40_000}-"


def test_what_is_kept_of_another_address_is_not_used(download, server):
    file = download(Answer(WHOLE, sent=40_000))
    with pytest.raises(InputError):
        get(file)
    server.answers["/mirror"] = [Answer(OTHER)]
    assert get(Download(f"{server.url}/mirror", file.path, check, 2**20)) == OTHER
    assert server.ranges[-1] is None


def test_the_last_piece_had_arrived_already(download, server):
    file = download(Answer(WHOLE, sent=1000))
    with pytest.raises(InputError):
        get(file)
    file.part.write_bytes(WHOLE)
    server.answers["/file"] = [Answer(WHOLE)]
    assert get(file) == WHOLE
    assert server.ranges[-1] == f"bytes={len(WHOLE)}-"


def test_a_part_that_is_too_long_is_thrown_away(download, server):
    file = download(Answer(WHOLE, sent=1000))
    with pytest.raises(InputError):
        get(file)
    file.part.write_bytes(WHOLE + b"more")
    server.answers["/file"] = [Answer(WHOLE)]
    assert get(file) == WHOLE


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        ({"etag": None, "modified": DATE}, DATE),
        ({"etag": 'W/"weak"', "modified": DATE}, DATE),
        ({"etag": 'W/"weak"'}, None),
        ({"etag": None}, None),
    ],
)
def test_a_part_is_asked_for_only_of_a_version_that_can_be_told(download, server, options, condition):
    file = download(Answer(WHOLE, sent=100_000, **options), Answer(WHOLE, **options))
    assert get(file) == WHOLE
    assert server.requests[1][1].get("If-Range") == condition
    assert server.ranges[1] == (condition and "bytes=100000-")


@pytest.mark.parametrize("heeds", [True, False], ids=["If-Range heeded", "If-Range ignored"])
def test_a_file_that_changed_meanwhile_starts_again(download, heeds):
    changed = Answer(OTHER, etag='"v2"', heeds_if_range=heeds)
    file = download(Answer(WHOLE, sent=100_000), changed)
    assert get(file) == OTHER
    assert record(file)["validator"] == '"v2"'


@pytest.mark.parametrize(
    "place",
    ["bytes 99999-300002/300003", "bytes 100000-300002/99", "bytes */300003", "items 1-2/3", "bytes 9-9/*"],
)
def test_a_part_from_elsewhere_is_not_used(download, place):
    file = download(Answer(WHOLE, sent=100_000), Answer(WHOLE, headers={"Content-Range": place}), Answer(WHOLE))
    assert get(file) == WHOLE


def test_a_server_without_ranges_starts_again(download, server):
    file = download(Answer(WHOLE, sent=100_000), Answer(WHOLE, honours_range=False))
    assert get(file) == WHOLE
    assert server.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_troubles_pass(download, server, status):
    file = download(Answer(status=status), Answer(WHOLE, sent=9), Answer(status=status), Answer(WHOLE))
    assert get(file) == WHOLE
    assert server.ranges == [None, None, "bytes=9-", "bytes=9-"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("7", 7), ("0", 1), ("86400", 60), ("soon", 1), ("-5", 1), (DATE, 1), (None, 1)],
)
def test_the_wait_is_as_long_as_the_server_asks_within_reason(download, monkeypatch, asked, expected):
    monkeypatch.setattr(transfer, "_DELAYS", (1, 2))
    waits = []

    class Never(threading.Event):
        def wait(self, seconds):
            waits.append(seconds)

    file = download(Answer(status=429, headers={"Retry-After": asked} if asked else {}), Answer(WHOLE))
    assert fetch(file, lambda *_: None, Never())
    assert waits == [pytest.approx(expected)]


def test_silence_is_a_cut(download, server, monkeypatch):
    monkeypatch.setattr(transfer, "_TIMEOUT", (1, 0.2))
    silence = threading.Event()
    file = download(Answer(WHOLE, pause=lambda: silence.wait(10)), Answer(WHOLE))
    assert get(file) == WHOLE
    silence.set()
    assert server.ranges == [None, f"bytes={len(WHOLE) - 1}-"]


# -------------------------------------------------------------------------------------------------- it does not arrive


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_final_answers_are_final(download, server, status):
    with pytest.raises(InputError, match=rf"could not download {server.url}/file \({status} "):
        get(download(Answer(status=status)))
    assert len(server.requests) == 1
    assert left(download()) == set()


def test_attempts_are_limited(download, server):
    with pytest.raises(InputError, match=f"503 Service Unavailable, at the last of {ATTEMPTS} attempts"):
        get(download(Answer(status=503)))
    assert len(server.requests) == ATTEMPTS


def test_a_length_that_is_too_long(download, server):
    with pytest.raises(InputError, match=f"after {len(WHOLE)} of 999999 bytes"):
        get(download(Answer(WHOLE, announced=999_999, honours_range=False)))
    assert len(server.requests) == ATTEMPTS
    assert "file" not in left(download())


def test_a_length_that_is_too_short(download, server):
    file = download(Answer(WHOLE, announced=1000))
    with pytest.raises(InputError, match="what came is not a file with an end"):
        get(file)
    assert len(server.requests) == 1
    assert left(file) == set()


def test_a_web_page_does_not_cost_what_has_arrived(download, server):
    page = Answer(b"<html>Log in</html>", headers={"Content-Type": "text/html; charset=utf-8"}, honours_range=False)
    file = download(Answer(WHOLE, sent=100_000), page)
    with pytest.raises(InputError, match=r"a web page came.* log in\?\); what arrived is kept in .*file\.part"):
        get(file)
    server.answers["/file"] = [Answer(WHOLE)]
    assert get(file) == WHOLE
    assert server.ranges[-1] == "bytes=100000-"


@pytest.mark.parametrize("announced", [None, 2**60, "none"])
def test_a_file_too_large_to_be_believed(download, server, announced):
    file = download(Answer(WHOLE, announced=announced), max_bytes=200_000)
    with pytest.raises(InputError, match="200000"):
        get(file)
    assert len(server.requests) == 1
    assert left(file) <= {"file.download.json"}
    server.answers["/file"] = [Answer(OTHER[-100_000:])]
    assert get(file) == OTHER[-100_000:]


def test_a_part_too_large_to_be_believed(download):
    huge = Answer(WHOLE, announced="none", headers={"Content-Range": f"bytes 9-{2**60}/{2**60 + 1}"})
    file = download(Answer(WHOLE, sent=9), huge, Answer(WHOLE))
    assert get(file) == WHOLE


MD5 = {"X-Goog-Hash": f"crc32c=n03x6A==,md5={base64.b64encode(hashlib.md5(WHOLE).digest()).decode()}"}
DAMAGED = WHOLE[:5] + b"x" + WHOLE[6:]


def test_a_file_of_the_md5_that_google_announces_is_taken(download, server):
    file = download(Answer(WHOLE, sent=1000, headers=MD5), Answer(DAMAGED, headers=MD5), Answer(WHOLE, headers=MD5))
    assert get(file) == WHOLE
    assert server.ranges == [None, "bytes=1000-"]  # the damage is in the part that is not asked for again


def test_a_file_of_another_md5_than_google_announces_is_not_kept(download):
    file = download(Answer(DAMAGED, headers=MD5))
    with pytest.raises(InputError, match="damaged on its way"):
        get(file)
    assert left(file) <= {"file.download.json"}


# ------------------------------------------------------------------------------------------ several want it, or nobody


def test_processes_share_one_transfer(download, server):
    file = download(Answer(WHOLE, pause=lambda: time.sleep(0.2)))
    news, threads = [], []
    for _ in range(3):  # each with a lock of its own, as in processes of their own
        threads.append(threading.Thread(target=lambda: news.append(fetch(file, lambda *_: None, threading.Event()))))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert sorted(news) == [False, False, True]
    assert len(server.requests) == 1
    assert left(file) == {"file", "file.download.json"}


def test_stopping_keeps_what_has_arrived(download, server):
    stop = threading.Event()
    file = download(Answer(WHOLE))
    with pytest.raises(Stopped):
        fetch(file, lambda have, _: stop.set() if have > 100_000 else None, stop)
    kept = file.part.read_bytes()
    assert 100_000 < len(kept) < len(WHOLE)
    assert WHOLE.startswith(kept)
    assert get(file) == WHOLE
