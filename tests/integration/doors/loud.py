"""The ``dankbar`` command with every logger of the process at its loudest."""

import logging
from typing import Any

from plugin import logs

configure = logs.configure_logging


def loud(*given: Any, **named: Any) -> None:
    """Set logging up as the program does, then let everybody say everything."""
    configure(*given, **named)
    logging.getLogger().setLevel(logging.DEBUG)
    for name in [*logging.root.manager.loggerDict, "plugin", "webhooks", "widgets"]:
        logging.getLogger(name).setLevel(logging.DEBUG)


if __name__ == "__main__":
    logs.configure_logging = loud
    from plugin.cli import main

    main()
