"""Secrets of clients: one file, private, whole at any moment."""

import stat

import pytest

from oracle.alerts.vault import FILE, Vault, VaultBroken


async def at_once(fn, *args):
    return fn(*args)


async def test_secrets_survive_and_the_file_is_private(tmp_path):
    vault = Vault(tmp_path, at_once)
    one, two = vault.new_reference(), vault.new_reference()
    await vault.add({one: "s3cret", two: "\u00fc"})
    again = Vault(tmp_path, at_once)
    assert (again.reveal(one), again.reveal(two)) == ("s3cret", "\u00fc")
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


async def test_a_file_left_half_written_is_replaced_whatever_its_mode(tmp_path):
    half = (tmp_path / FILE).with_suffix(".new")
    half.write_text("{")
    half.chmod(0o666)
    vault = Vault(tmp_path, at_once)
    await vault.add({"secret:1": "s"})
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


async def test_what_nobody_refers_to_is_forgotten(tmp_path):
    vault = Vault(tmp_path, at_once)
    await vault.add({"secret:1": "a", "secret:2": "b"})
    await vault.keep_only(["secret:2", "secret:3"])
    with pytest.raises(KeyError):
        Vault(tmp_path, at_once).reveal("secret:1")
    assert vault.reveal("secret:2") == "b"


async def test_a_change_that_could_not_be_stored_did_not_happen(tmp_path):
    vault = Vault(tmp_path, at_once)
    await vault.add({"secret:1": "a"})

    async def full(fn, *args):
        raise OSError(28, "No space left on device")

    broken = Vault(tmp_path, full)
    with pytest.raises(OSError, match="No space"):
        await broken.add({"secret:2": "b"})
    with pytest.raises(OSError, match="No space"):
        await broken.keep_only([])
    assert broken.reveal("secret:1") == "a"
    with pytest.raises(KeyError):
        broken.reveal("secret:2")


@pytest.mark.parametrize("text", [b"", b'{"secret:1": "s3cr', b"\xff\xfe", b"[]", b'{"secret:1": 5}', b"[" * 100_000])
async def test_a_damaged_file_is_named_and_not_shown(tmp_path, text):
    (tmp_path / FILE).write_bytes(text)
    with pytest.raises(VaultBroken) as caught:
        Vault(tmp_path, at_once)
    assert str(tmp_path / FILE) in str(caught.value) and "s3cr" not in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == text


async def test_a_file_that_is_a_folder_is_named(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(VaultBroken, match="Is a directory"):
        Vault(tmp_path, at_once)
