"""Examples under a command's help."""


def examples(*lines: tuple[str, str]) -> str:
    """Make the epilog of a command's help.

    Args:
        lines: command lines, each with what it does.
    """
    shown = "\n\n".join(f"  [bold]$ {command}[/bold]  [dim]# {effect}[/dim]" for command, effect in lines)
    return f"[yellow]Examples[/yellow]\n\n{shown}"
