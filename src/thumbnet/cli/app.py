"""The verbs and their options."""

from __future__ import annotations

import typer

from thumbnet.cli import (
    bench,
    compare,
    data,
    doctor,
    explain,
    export,
    inspect,
    models,
    personalise,
    predict,
    read,
    serve,
    test,
    train,
    tune,
    verify,
)

app = typer.Typer(
    name="thumbnet",
    help="Train, understand and ship recognisers of thumbnail-sized images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train.train)
app.command()(test.test)
app.command()(tune.tune)
app.command()(compare.compare)
app.command()(inspect.inspect)
app.command()(doctor.doctor)
app.command()(predict.predict)
app.command()(explain.explain)
app.command()(read.read)
app.command()(serve.serve)
app.command()(export.export)
app.command()(verify.verify)
app.command()(personalise.personalise)
app.command()(models.models)
app.command()(models.recipes)
app.command()(models.devices)
app.command()(bench.bench)
app.add_typer(data.app, name="data")


@app.callback()
def thumbnet(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks; allowed anywhere."),
) -> None:
    """Train, understand and ship recognisers of thumbnail-sized images."""
    del debug  # taken out by thumbnet.__main__, so that it may stand behind a verb as well


@app.command()
def version() -> None:
    """Print the version."""
    from thumbnet.version import __version__

    print(__version__)
