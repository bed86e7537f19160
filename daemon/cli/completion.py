"""`playhead completion`: let the shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")

VARIABLE = "_PLAYHEAD_COMPLETE"
"""What the shell sets when it asks for completions; click looks for it."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """
    Print a script that lets SHELL complete commands and options.

    bash: add `eval "$(playhead completion bash)"` to ~/.bashrc. zsh: the same in ~/.zshrc. fish:
    `playhead completion fish > ~/.config/fish/completions/playhead.fish`.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root().command
    click.echo(kind(root, {}, "playhead", VARIABLE).source())
