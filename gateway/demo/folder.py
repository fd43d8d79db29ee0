"""Where does the demonstration keep its data? In a folder of its own, made anew at every start."""

from __future__ import annotations

import shutil

from gateway.config import Config

FOLDER = "demo"


def fresh(config: Config) -> Config:
    """The same configuration on an empty folder, an embedded database and no public address."""
    folder = config.data_dir / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    values = {"data_dir": folder, "database_url": "", "redis_url": "", "files_url": "", "public_url": ""}
    return config.model_copy(update=values)
