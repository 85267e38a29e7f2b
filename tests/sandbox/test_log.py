from pathlib import Path

from campaigner.sandbox.log import FILE, Log, read_log


def test_what_is_logged_can_be_read_while_the_log_is_open(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append({"event": "accepted", "text": "año\nnuevo"})
    assert read_log(tmp_path) == [{"event": "accepted", "text": "año\nnuevo"}]
    assert log.entries == 1
    log.close()


def test_a_line_torn_by_a_power_cut_is_dropped_and_the_log_goes_on(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append({"id": "1"})
    log.close()
    with (tmp_path / FILE).open("a") as file:
        file.write('{"id": "2", "te')
    assert read_log(tmp_path) == [{"id": "1"}]
    log = Log(tmp_path)
    log.append({"id": "3"})
    log.close()
    assert [entry["id"] for entry in read_log(tmp_path)] == ["1", "3"]


def test_a_folder_without_a_log_has_no_entries(tmp_path: Path) -> None:
    assert read_log(tmp_path / "nowhere") == []
