"""The layers' regression campaigns in Scapy's own format, run by Scapy's own tool."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = sorted((ROOT / "bench" / "tests" / "uts").glob("*.uts"))


def utscapy(campaign: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scapy.tools.UTscapy", "-N", "-f", "text", "-t", str(campaign)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda path: path.stem)
def test_campaign(campaign: Path, tmp_path: Path) -> None:
    done = utscapy(campaign, tmp_path)
    tests = len(re.findall(r"^= ", campaign.read_text(encoding="utf-8"), re.MULTILINE))
    shown = done.stdout + done.stderr
    assert done.returncode == 0, shown
    assert f"PASSED={tests} FAILED=0" in shown, shown


def test_a_campaign_that_fails_is_noticed(tmp_path: Path) -> None:
    campaign = tmp_path / "wrong.uts"
    campaign.write_text("% wrong\n\n+ wrong\n\n= wrong\n\nassert False\n")
    assert utscapy(campaign, tmp_path).returncode != 0
