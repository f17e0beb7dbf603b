from __future__ import annotations

import io
from pathlib import Path

import pytest
import robot
from robot.api import ExecutionResult

from bench.cli.robot_reports import write_reports
from bench.files import remove_unfinished, write_whole
from bench.robot.salvage import CUT_OFF, salvage
from emulation.errors import UserError

SUITE = """\
*** Test Cases ***
First
    Log    <one> & "two"
Second
    FOR    ${n}    IN RANGE    3
        IF    ${n} == 1
            Log    a line\\n and umlauts: äöü
        END
    END
Third
    Fail    on purpose
    [Teardown]    No Operation
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An `output.xml` that is complete."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "suite.robot").write_text(SUITE)
    options = {"outputdir": str(folder), "log": "NONE", "report": "NONE", "console": "none"}
    assert robot.run(str(folder / "suite.robot"), **options, stdout=io.StringIO()) == 1
    return (folder / "output.xml").read_bytes()


def test_a_whole_output_stays_as_it_is(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "output.xml"
    path.write_bytes(whole)
    assert not salvage(path)
    assert path.read_bytes() == whole


def test_robot_can_read_an_output_cut_off_anywhere(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "output.xml"
    seen = set()
    first = whole.index(b"<suite")
    for end in range(whole.index(b">", first) + 1, whole.index(b"</robot>") + 1, 7):
        path.write_bytes(whole[:end])
        assert salvage(path)
        tests = tuple((test.name, test.status) for test in ExecutionResult(str(path)).suite.all_tests)
        assert [name for name, _ in tests] == ["First", "Second", "Third"][: len(tests)]
        assert [status for _, status in tests[:-1]] == ["PASS", "PASS", "FAIL"][: max(0, len(tests) - 1)]
        seen.add(tests)
    # Each test has been met while it ran, and when it was over.
    assert {tests[-1] for tests in seen if tests} >= {
        ("Second", "FAIL"),
        ("Second", "PASS"),
        ("Third", "FAIL"),
    }


def test_what_was_going_on_says_so(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "output.xml"
    path.write_bytes(whole[: whole.index(b'name="Third"') + 40])
    salvage(path)
    last = list(ExecutionResult(str(path)).suite.all_tests)[-1]
    assert (last.name, last.status, last.message) == ("Third", "FAIL", CUT_OFF)


@pytest.mark.parametrize("content", [b"", b"<?xml", b"<robot><sui", b"<html><suite/></html>", b"\xff"])
def test_without_any_result_there_is_nothing_to_save(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "output.xml"
    path.write_bytes(content)
    with pytest.raises(UserError, match="no results of Robot Framework"):
        salvage(path)
    assert path.read_bytes() == content


def test_a_folder_without_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*output\.xml: No such file"):
        salvage(tmp_path / "output.xml")


def test_what_a_killed_writer_has_left_goes_away_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    write_whole(page, "page", "")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        # A kill leaves no time to tidy up.
        patch.setattr(Path, "unlink", lambda *_args, **_options: None)
        patch.setattr(Path, "replace", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
        write_whole(page, "half of", "")
    other = tmp_path / ".other.html-abcdefgh"
    other.touch()
    assert len(list(tmp_path.iterdir())) == 3
    remove_unfinished(page)
    assert sorted(tmp_path.iterdir()) == [other, page]


DEEP = '<robot><suite id="s1" name="x">' + "<kw>" * 5000


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        DEEP + "</kw>" * 5000 + "</suite></robot>",
        '<?xml version="1.0" encoding="nonsense"?><robot><suite/></robot>',
        "<robot><suite>&nonsense;</suite></robot>",
        '<robot><suite><test><status status="X" elapsed="no number"/></test></suite></robot>',
        '<robot generator="Robot 7"><suite><test><status status="X" start="never"/></test></suite></robot>',
        "",
        "\0",
        "<suite/>",
    ],
)
def test_what_is_no_result_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "output.xml").write_text(text)
    with pytest.raises(UserError) as caught:
        write_reports(tmp_path)
    assert "\n" not in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert not (tmp_path / "log.html").exists()
