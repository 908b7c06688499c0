"""Rules for pipelines."""

from __future__ import annotations

import json
from random import Random

from remotemedia._engine import _abi

from .arguments import OK, UNSUPPORTED, WRONG, Text, out, pick, room, seldom, struct, text, wrong
from .model import NODE, PIPELINE, RUNTIME, Pipeline
from .rules import calls
from .rules_runtime import TYPES
from .world import World

GRAPH, UNKNOWN, PARAMETERS = _abi.RM_ERR_GRAPH, _abi.RM_ERR_UNKNOWN_TYPE, _abi.RM_ERR_PARAMETERS
MANIFEST, BAD_HANDLE = _abi.RM_ERR_MANIFEST, _abi.RM_ERR_BAD_HANDLE

IDS = ["a", "b", "c", "d", "ä ö"]


@calls("rm_pipeline_new", weight=4)
def pipeline_new(world: World, r: Random) -> None:
    if len(world.all(PIPELINE)) >= 8:
        return
    handle, runtime = world.handle(r, RUNTIME)
    place = out(r)
    if world.expect("rm_pipeline_new", handle, place) == OK:
        world.add(Pipeline(PIPELINE, place.result, runtime=runtime))


@calls("rm_pipeline_free")
def pipeline_free(world: World, r: Random) -> None:
    handle, pipeline = world.handle(r, PIPELINE, optional=True)
    if pipeline and not seldom(r, 10):
        return
    if pipeline:
        world.forget(PIPELINE, pipeline.handle)
    world.expect("rm_pipeline_free", handle)


def graph_faults(pipeline: Pipeline | None, name: Text) -> set[int]:
    """What a new node may be refused for because of its id."""
    taken = pipeline is not None and name.text in pipeline.nodes
    return {GRAPH} if not name.faults and (not name.text or "/" in name.text or taken) else set()


@calls("rm_pipeline_add_node", weight=10)
def pipeline_add_node(world: World, r: Random) -> None:
    handle, pipeline = world.handle(r, PIPELINE)
    node_handle, node = world.handle(r, NODE)
    name = text(r, *IDS, "a/b")
    right = graph_faults(pipeline, name) or {OK}
    if node and node.shared:
        # A callback may free it at any moment.
        right = right | {BAD_HANDLE}
    if world.expect("rm_pipeline_add_node", handle, name, node_handle, right=right) == OK:
        pipeline.nodes[name.text] = node


@calls("rm_pipeline_add_type", weight=6)
def pipeline_add_type(world: World, r: Random) -> None:
    handle, pipeline = world.handle(r, PIPELINE)
    name, kind = text(r, *IDS), text(r, "PassThrough", "CalculatorNode", "WavSinkNode", "Nothing", *TYPES)
    parameters = text(r, "{}", "", "[]", "{", '{"a": 1}', '{"operation": "add"}', "null")
    right: set[int] = graph_faults(pipeline, name)
    own = bool(pipeline) and kind.text in pipeline.runtime.types
    if not parameters.faults and parameters.text and not is_object(parameters.text):
        right |= {WRONG}
    elif not own and kind.text in ("PassThrough", "PassThroughNode"):
        right |= {PARAMETERS} if parameters.text not in ("", "{}") else set()
    elif not own:
        # Their schemas are a matter of other tests; and a type's own name may be written in two ways.
        right |= {UNKNOWN, PARAMETERS} | ({OK} if kind.text in (*TYPES, "CalculatorNode", "WavSinkNode") else set())
    status = world.expect("rm_pipeline_add_type", handle, name, kind, parameters, right=right or {OK})
    if status == OK:
        pipeline.nodes[name.text] = kind.text


def is_object(document: str) -> bool:
    try:
        return isinstance(json.loads(document), dict)
    except ValueError:
        return False


def ends_of_edge(r: Random, pipeline: Pipeline | None) -> tuple[Text, Text]:
    """Two ends, mostly so that what comes of it can run: from a node to one that was added later."""
    known = list(pipeline.nodes) if pipeline else []
    if len(known) < 2 or seldom(r, 8):
        return text(r, *known, *IDS, "nobody"), text(r, *known, *IDS, "a/port")
    first, second = sorted(r.sample(range(len(known)), 2))
    return text(r, known[first]), text(r, known[second])


@calls("rm_pipeline_connect", weight=8)
def pipeline_connect(world: World, r: Random) -> None:
    handle, pipeline = world.handle(r, PIPELINE)
    source, target = ends_of_edge(r, pipeline)
    config = _abi.rm_edge_config(policy=pick(r, 0, 1, 2, 3, 4), capacity=pick(r, 0, 1, 2, 2**32 - 1))
    faults: set[int] = set()
    if seldom(r, 20):
        config.policy = pick(r, 5, 2**32 - 1)
        faults.add(WRONG)
    if seldom(r, 20):
        config.reserved = 1
        faults.add(UNSUPPORTED)
    edge = struct(r, config, align=4)
    edge.faults |= faults
    if edge.words == "no struct":
        edge = wrong((None,), "by default")
    right: set[int] = {OK}
    ends = source.text.split("/")[0], target.text.split("/")[0]
    if pipeline and (ends[0] not in pipeline.nodes or ends[1] not in pipeline.nodes):
        right = {GRAPH}
    elif pipeline and (source.text, target.text) in pipeline.edges:
        right = {GRAPH}
    if world.expect("rm_pipeline_connect", handle, source, target, edge, right=right) == OK:
        pipeline.edges.add((source.text, target.text))


OPTIONS = {
    '{"on_error": "skip"}': OK,
    '{"retries": 2, "retry_delay_ms": 0}': OK,
    '{"deadline_ms": 1000}': OK,
    "{}": OK,
    '{"deadline_ms": 0}': WRONG,
    '{"on_error": "shrug"}': WRONG,
    '{"retries": -1}': WRONG,
    '{"retries": 1e300}': WRONG,
    '{"tries": 2}': WRONG,
    "[]": WRONG,
    "": WRONG,
    "{": WRONG,
    "a\0b": WRONG,
    "n" * 70_000: WRONG,
    "Ω✓𝄞": WRONG,
}


@calls("rm_pipeline_configure")
def pipeline_configure(world: World, r: Random) -> None:
    handle, pipeline = world.handle(r, PIPELINE)
    name, options = text(r, *IDS), text(r, *OPTIONS)
    right: set[int] = set()
    if pipeline and not name.faults and name.text not in pipeline.nodes:
        right.add(GRAPH)
    if not options.faults and OPTIONS[options.text] != OK:
        right.add(WRONG)
    world.expect("rm_pipeline_configure", handle, name, options, right=right or {OK})


MANIFESTS = {
    '{"version": "v1", "nodes": [{"id": "m", "node_type": "PassThrough"}]}': (OK, ["m"]),
    "version: v1\nnodes:\n- {id: y, node_type: PassThrough}\n- {id: z, node_type: PassThrough}\n": (OK, ["y", "z"]),
    '{"version": "v1", "nodes": [{"id": "n", "node_type": "Nothing"}]}': (UNKNOWN, []),
    '{"version": "v2", "nodes": []}': (MANIFEST, []),
    '{"version": "v1", "nodes": []}': (MANIFEST, []),
    '{"version": "v1"}': (MANIFEST, []),
    "[" * 5000: (MANIFEST, []),
    "a: &a [*a, *a]": (MANIFEST, []),
    "": (MANIFEST, []),
    "a\0b": (MANIFEST, []),
    "n" * 70_000: (MANIFEST, []),
    "Ω✓𝄞": (MANIFEST, []),
}


@calls("rm_pipeline_load")
def pipeline_load(world: World, r: Random) -> None:
    handle, pipeline = world.handle(r, PIPELINE)
    manifest = text(r, *MANIFESTS)
    status, ids = MANIFESTS.get(manifest.text, (OK, []))
    chain = list(zip(ids, ids[1:], strict=False))
    right = {status}
    if pipeline and any(name in pipeline.nodes for name in ids):
        right = {GRAPH}
    if world.expect("rm_pipeline_load", handle, manifest, right=right) == OK:
        pipeline.nodes.update({name: "PassThrough" for name in ids})
        pipeline.edges.update(chain)


@calls("rm_pipeline_describe", weight=2)
def pipeline_describe(world: World, r: Random) -> None:
    handle, _ = world.handle(r, PIPELINE)
    world.expect("rm_pipeline_describe", handle, room(r))
