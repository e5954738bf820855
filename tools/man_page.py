#!/usr/bin/env python3
"""Prints a command's manual page, made of what its parser says of it:

    tools/man_page.py .build/release/vitc >vitc.1

swift-argument-parser has a plugin for the same, which builds all commands a second time.
"""

import json
import subprocess
import sys


def escaped(text):
    """Text of a page: a backslash and a hyphen are themselves, and no line begins with a control character."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join(("\\&" if line[:1] in (".", "'") else "") + line for line in lines)


def name_of(argument):
    """`-o, --output <output>`."""
    dashes = {"short": "-", "long": "--", "longWithSingleDash": "-"}
    names = sorted((dashes[name["kind"]] + name["name"] for name in argument.get("names", [])), key=len)
    value = f"<{argument['valueName']}>"
    if argument["kind"] == "positional":
        return value + ("..." if argument.get("isRepeating") else "")
    return ", ".join(names) + (f" {value}" if argument["kind"] == "option" else "")


def shown(command):
    """The arguments that help shows too."""
    return [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]


def synopsis(words, command):
    """The command, its options, and its arguments."""
    arguments = shown(command)
    needed = [f"--{argument['preferredName']['name']} <{argument['valueName']}>" for argument in arguments
              if argument["kind"] == "option" and not argument.get("isOptional")]
    named = any(argument["kind"] != "positional" for argument in arguments)
    positional = [name_of(argument) if not argument.get("isOptional") else f"[{name_of(argument)}]"
                  for argument in arguments if argument["kind"] == "positional"]
    return " ".join([*words, *(["[options]"] if named else []), *needed, *positional])


def description(command):
    yield f"{escaped(command['abstract'])}"
    if command.get("discussion"):
        yield ".PP"
        yield escaped(command["discussion"])
    for argument in shown(command):
        yield ".TP"
        yield f"\\fB{escaped(name_of(argument))}\\fR"
        text = argument.get("abstract", "")
        values = argument.get("allValues") or argument.get("allValueStrings")
        if values:
            text += f" One of {', '.join(values)}."
        if argument.get("defaultValue"):
            text += f" By default {argument['defaultValue']}."
        yield escaped(text.strip())


def page(program):
    def say(flag):
        return subprocess.run([program, flag], check=True, capture_output=True, text=True).stdout

    command = json.loads(say("--experimental-dump-help"))["command"]
    name = command["commandName"]
    subcommands = [
        part for part in command.get("subcommands", []) if part.get("shouldDisplay", True) and part["commandName"] != "help"]
    yield f'.TH {name.upper()} 1 "" "{name} {say("--version").strip()}"'
    yield ".SH NAME"
    yield f"{name} \\- {escaped(command['abstract'])}"
    yield ".SH SYNOPSIS"
    for part in subcommands:
        yield f".B {escaped(synopsis([name, part['commandName']], part))}"
        yield ".br"
    yield ".SH DESCRIPTION"
    yield from description(command)
    for part in subcommands:
        yield f'.SH "{name.upper()} {part["commandName"].upper()}"'
        yield from description(part)
    yield ".SH EXIT STATUS"
    yield "0 when all is done, 1 where the input or the request is wrong, 64 for wrong usage."


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("\n".join(page(sys.argv[1])))


if __name__ == "__main__":
    main()
