"""The shells complete commands and sessions, and the manual is read by the program that shows it."""

import asyncio
import os
import pty
import re
import select
import shutil
import subprocess
import time

from laboratory.colloque import Broker, Doctor, executable
from laboratory.runner import ROOT, test


def needs_shells():
    missing = [name for name in ("bash", "zsh", "fish") if not shutil.which(name)]
    return f"needs {', '.join(missing)}: Scripts/setup test" if missing else None


def needs_manual():
    return None if shutil.which("man") and shutil.which("col") else "needs man and col: Scripts/setup test"


def script(shell, directory):
    """The completion script, in a file whose name the shell expects."""
    made = subprocess.run([executable(), "--generate-completion-script", shell], check=True, capture_output=True)
    folder = directory / shell
    folder.mkdir(exist_ok=True)
    path = folder / {"bash": "colloque", "zsh": "_colloque", "fish": "colloque.fish"}[shell]
    path.write_bytes(made.stdout)
    return path


def environment(home):
    path = f"{executable().parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COLLOQUE_HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def in_bash(path, home, words):
    line = " ".join(words)
    command = f"""
        source {path}
        COMP_WORDS=({' '.join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
        COMP_LINE='{line}'; COMP_POINT={len(line)}; COMP_TYPE=9
        _colloque colloque '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", command], env=environment(home), capture_output=True, text=True)
    return done.stdout.split()


def in_fish(path, home, words):
    command = f"source {path}; complete -C '{' '.join(words)}'"
    env = {**environment(home), "HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent)}
    done = subprocess.run(["fish", "--no-config", "-c", command], env=env, capture_output=True, text=True)
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def in_zsh(path, home, words):
    """Types the words and a tab into an interactive shell; what it shows until it has nothing more to say."""
    (path.parent / ".zshrc").write_text(
        f"PS1='> '; unsetopt zle_bracketed_paste; fpath=({path.parent} $fpath); autoload -Uz compinit;"
        " compinit -u -D; setopt auto_list list_ambiguous; zstyle ':completion:*' list-prompt ''; echo ready\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execve(shutil.which("zsh"), ["zsh", "-i"], {**environment(home), "ZDOTDIR": str(path.parent)})

    def until(pattern, patience=20):
        nonlocal shown
        deadline = time.monotonic() + patience
        while not re.search(pattern, shown) and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                shown += os.read(terminal, 65536).decode("utf-8", "replace")
        return shown

    shown = ""
    try:
        until(r"ready\s+> ")
        shown = ""
        os.write(terminal, " ".join(words).encode() + b"\t\t")
        until(r"[\s\S]*\S{10}[\s\S]*\n", 6)
        # A list may come in pieces: it is over when nothing comes for a while.
        while select.select([terminal], [], [], 1.5)[0]:
            shown += os.read(terminal, 65536).decode("utf-8", "replace")
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)
    return re.findall(r"[\w-]+", shown)


@test("bash, zsh and fish complete commands, options, and sessions without a passphrase", limit=120,
      needs=[needs_shells])
async def completion(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    made = (await doctor.session("--count", "2", "--no-verify"))["sessions"]
    sessions = {one["session"] for one in made}
    for shell, ask in (("bash", in_bash), ("fish", in_fish), ("zsh", in_zsh)):
        path = script(shell, laboratory.directory)

        async def asked(*words):
            return set(await asyncio.to_thread(ask, path, doctor.home, words))

        offered = await asked("colloque", "session", "")
        assert {"new", "list", "show", "end", "qr", "card", "ics", "reopen"} <= offered, f"{shell}: {offered}"
        assert "--relay-only" in await asked("colloque", "session", "new", "--r"), shell
        for command in ("show", "end", "qr", "card", "reopen"):
            offered = await asked("colloque", "session", command, "")
            assert sessions <= offered, f"{shell}, {command}: {offered}"


@test("The manual pages are those of the commands, and man shows them without a complaint", limit=60,
      needs=[needs_manual])
async def manual(laboratory):
    checked = subprocess.run([ROOT / "Scripts" / "man", "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    pages = sorted((ROOT / "Config" / "man").glob("*.1"))
    assert len(pages) >= 9, pages
    for page in pages:
        shown = subprocess.run(["man", "--warnings=all", "-l", page], capture_output=True, text=True,
                               env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        complaints = [line for line in shown.stderr.splitlines() if "cannot break line" not in line]
        assert shown.returncode == 0 and not complaints, f"{page.name}: {complaints}"
        for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"):
            assert heading in shown.stdout or heading == "DESCRIPTION", f"{page.name} has no {heading}"
        assert "\\f" not in shown.stdout and "\n." not in shown.stdout, f"{page.name} shows its markup"
