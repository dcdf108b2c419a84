"""The classes that nbgrader's configuration may name, and what a misspelt key was meant to be."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import nbconvert.exporters
import nbconvert.preprocessors
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbconvert.writers.files import FilesWriter
from nbgrader import apps, converters, coursedir, exchange, plugins, preprocessors, validator
from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import Authenticator
from rapidfuzz import fuzz, process
from traitlets import HasTraits, TraitType
from traitlets.config import Configurable
from traitlets.utils.importstring import import_item

from hubgrade_ext.core.dask_options import HubgradeDask
from hubgrade_ext.core.grading_options import HubgradeGrading
from hubgrade_ext.core.release_options import HubgradeRelease

Trait = TraitType[object, object]

# formgrader's own class has these, and importing it would start a web server's imports
ELSEWHERE = {"FormgradeExtension": {"debug"}}


@functools.cache
def nbgrader_classes() -> dict[str, type[Configurable]]:
    """Return every configurable class of nbgrader and of what it configures, by name."""
    found: list[object] = [coursedir.CourseDirectory, validator.Validator, Authenticator, NbGraderAPI]
    found += [HubgradeGrading, HubgradeDask, HubgradeRelease]
    found += [FilesWriter, AsyncKernelManager, KernelSpecManager]
    for module in (apps, converters, exchange, exchange.default, plugins, preprocessors):
        found += [getattr(module, name) for name in module.__all__]
    found += [exchange.ExchangeFactory, *vars(nbconvert.exporters).values()]
    found += vars(nbconvert.preprocessors).values()
    return with_parents(found)


def with_parents(found: Iterable[object]) -> dict[str, type[Configurable]]:
    """Return the configurable classes among `found` and those they inherit from, by name."""
    classes = [c for c in found if isinstance(c, type) and issubclass(c, Configurable)]
    by_name: dict[str, type[Configurable]] = {}
    for parent in [p for c in classes for p in c.mro() if issubclass(p, Configurable)]:
        # nbgrader has two classes Exchange, one inheriting from the other: the heir knows all traits
        if not issubclass(by_name.get(parent.__name__, Configurable), parent):
            by_name[parent.__name__] = parent
    return by_name


def plugged_in(values: Iterable[object]) -> dict[str, type[Configurable]]:
    """Return the configurable classes that configuration values name, as objects or as importable strings."""
    found: list[object] = []
    for value in values:
        for item in value if isinstance(value, list | tuple) else [value]:
            found.append(_imported(item) if isinstance(item, str) and _is_dotted(item) else item)
    return with_parents(found)


def traits_of(section: type[HasTraits]) -> dict[str, Trait]:
    """Return the traits of a class that configuration may set."""
    traits: dict[str, Trait] = section.class_traits(config=True)
    return traits


def suggest(section: str, trait: str, classes: dict[str, type[Configurable]]) -> str:
    """Return the known `Class.trait` nearest to an unknown one, or '' when nothing is near."""
    if section not in classes:
        near = process.extractOne(section, list(classes), scorer=fuzz.ratio, score_cutoff=75)
        if near:
            return f"{near[0]}.{_nearest_trait(classes[near[0]], trait) or trait}"
        return _same_trait_elsewhere(trait, classes)
    nearest = _nearest_trait(classes[section], trait)
    return f"{section}.{nearest}" if nearest else _same_trait_elsewhere(trait, classes)


def _nearest_trait(section: type[Configurable], trait: str) -> str:
    near = process.extractOne(trait, list(traits_of(section)), scorer=fuzz.ratio, score_cutoff=70)
    return str(near[0]) if near else ""


def _same_trait_elsewhere(trait: str, classes: dict[str, type[Configurable]]) -> str:
    owners = [n for n, c in classes.items() if trait in c.class_own_traits(config=True)]
    # the course's and the exchange's options are what people set; a tie is no suggestion otherwise
    for name in ("CourseDirectory", "Exchange", *(owners if len(owners) == 1 else ())):
        if name in owners:
            return f"{name}.{trait}"
    return ""


def _is_dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def _imported(name: str) -> object:
    try:
        return import_item(name)
    except Exception:  # noqa: BLE001 (importing runs a plug-in's own code; one that fails is not known)
        return None
