"""`make torture`: what is not at its end in time is ended, and so is what it has started."""

import time
from pathlib import Path

import pytest
from torture import __main__ as torture

NEVER = """
import subprocess
sleeper = subprocess.Popen(["sleep", "600"])
open({place!r}, "w").write(str(sleeper.pid))
sleeper.wait()
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="it reads /proc")
def test_what_is_not_at_its_end_is_ended_with_what_it_has_started(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(torture, "LEAST", 5.0)
    code = NEVER.format(place=str(tmp_path / "pid"))
    assert torture.run("Never", "timeit", "-n", "1", "-r", "1", code, end=time.monotonic())
    assert "not at its end after 5 s" in capsys.readouterr().out
    pid, until = int((tmp_path / "pid").read_text()), time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(pid)


@pytest.mark.parametrize(("code", "found"), [("pass", False), ("raise SystemExit(1)", True)])
def test_a_campaign_that_finds_anything_is_told(code, found):
    assert torture.run("One", "timeit", "-n", "1", "-r", "1", code, end=time.monotonic()) is found


@pytest.mark.parametrize(
    ("one", "bad"),
    [
        ({"differences": {}, "torn": {}, "lost": []}, False),
        ({"differences": {"3": ["model.keras"]}, "torn": {}, "lost": []}, True),
        ({"differences": {}, "torn": {"3": ["a.npz"]}, "lost": []}, True),
        ({"differences": {"3": ["samples/step_1.svg", "model_card.md"]}, "said": ["full"]}, False),
        ({"differences": {"3": ["history.csv"]}, "said": ["full"]}, True),
        ({"differences": {}, "said": ["x" * 501]}, True),
    ],
)
def test_what_counts_as_a_fault(one, bad):
    assert torture.is_bad(one) is bad
