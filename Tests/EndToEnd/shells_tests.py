"""The shells complete commands and sessions, and the manual is read by the program that shows it."""

import asyncio
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
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
    folder = path.parent / "fish" / "completions"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder)
    (folder.parent / "config.fish").write_text("function fish_prompt; echo '> '; end; set -g fish_greeting ready\n")
    env = {"HOME": str(path.parent), "XDG_CONFIG_HOME": str(path.parent), "XDG_DATA_HOME": str(path.parent)}
    return typed(["fish", "-i"], {**environment(home), **env, "TERM": "xterm"}, words)


def in_zsh(path, home, words):
    (path.parent / ".zshrc").write_text(
        f"PS1='> '; unsetopt zle_bracketed_paste; fpath=({path.parent} $fpath); autoload -Uz compinit;"
        " compinit -u -D; setopt auto_list list_ambiguous; zstyle ':completion:*' list-prompt ''; echo ready\n"
    )
    return typed(["zsh", "-i"], {**environment(home), "ZDOTDIR": str(path.parent)}, words)


def typed(shell, env, words):
    """Types the words and tabs into an interactive shell: the words of what it shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(shutil.which(shell[0]), shell, env)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 120, 0, 0))
    shown = ""

    def until(pattern, patience):
        nonlocal shown
        deadline = time.monotonic() + patience
        while not re.search(pattern, shown) and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                shown += os.read(terminal, 65536).decode("utf-8", "replace")

    try:
        until(r"ready[\s\S]*> ", 20)
        shown = ""
        os.write(terminal, " ".join(words).encode() + b"\t\t")
        # A list begins on a line of its own, and is over when nothing more comes for a while.
        until(r"\n[\s\S]*\w", 8)
        while select.select([terminal], [], [], 1.5)[0]:
            shown += os.read(terminal, 65536).decode("utf-8", "replace")
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)
    return re.findall(r"[\w-]+", re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()].|[=>])", " ", shown))


@test("bash, zsh and fish complete commands, options, and sessions without a passphrase", long=True, limit=120,
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
