"""Plans of methods that models are trained with for fewer tokens: rows 40 to 42."""

from __future__ import annotations

from typing import Iterator

from case import Case
from plans import RUN, Plan


def cases(
    ppt: Plan, dynamicvit: Plan, evovit: Plan, avit: Plan, asvit: Plan, ats: Plan, spvit: Plan
) -> Iterator[Case]:
    """Every field of their steps."""
    yield from policy_cases(ppt)
    yield from predictor_cases(dynamicvit)
    yield from waiting_cases(evovit)
    yield from halting_cases(avit)
    yield from selection_cases(asvit, ats)
    yield from package_cases(spvit)


def policy_cases(plan: Plan) -> Iterator[Case]:
    """Scores by the length of values, and a choice between pooling and dropping."""
    score, scored = plan.first("program", "steps", "normScore")
    policy, chosen = plan.first("program", "steps", "policyPartition")
    nan, inf = float("nan"), float("inf")
    for row, name, values, words in [
        (40, "threshold NaN", {policy + "threshold__value": nan}, "threshold"),
        (40, "threshold infinite", {policy + "threshold__value": inf}, "threshold"),
        (42, "keep 0", {policy + "keep": 0}, "keep"),
        (42, "keep all", {policy + "keep": chosen["keep"] + 2**30}, "keep"),
        (42, "keep one more", {policy + "keep": chosen["keep"] + 1}, "kept"),
        (42, "first 2", {policy + "first": 2}, "first"),
        (41, "ends elsewhere", {policy + "best": chosen["kept"]}, "best"),
        (41, "scores of another length", {policy + "scores": chosen["importance"]}, "scores"),
        (41, "results in one buffer", {policy + "dropped": chosen["kept"]}, "dropped"),
        (41, "importance of indices", {policy + "importance": chosen["destination"]}, "importance"),
        (40, "heads 0", {score + "heads": 0}, "heads"),
        (40, "heads 2^40", {score + "heads": 2**40}, "heads"),
        (40, "head width 2^40", {score + "head_width": 2**40}, "head width"),
        (42, "prefix 2^40", {score + "prefix": 2**40}, "prefix"),
        (42, "prefix 0", {score + "prefix": 0}, "output"),
        (41, "measure 7", {score + "measure": 7}, "measure"),
        (41, "shares of heads of q, k and v", {score + "measure": 1}, "rows"),
        (41, "rows elsewhere", {score + "rows": scored["class_attention"]}, "rows"),
        (41, "score over its operand", {score + "output": scored["class_attention"]}, "output"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)


def predictor_cases(plan: Plan) -> Iterator[Case]:
    """What predictors of DynamicViT see, and what they say."""
    mean, found = plan.first("program", "steps", "halfMean")
    keep, said = plan.first("program", "steps", "keepScore")
    for row, name, values, words in [
        (41, "means over their operand", {mean + "output__buffer": found["input"]["buffer"]}, "output"),
        (41, "means one too far", {mean + "input__buffer": 2**40}, "input"),
        (42, "means of more rows", {mean + "input__count": 2**40}, "input"),
        (42, "means of fewer rows", {mean + "input__count": found["input"]["count"] - 1}, "output"),
        (41, "keepScore of wide rows", {keep + "input__buffer": found["input"]["buffer"]}, "input"),
        (41, "keepScore's output", {keep + "output": said["input"]["buffer"]}, "output"),
        (42, "keepScore from -1", {keep + "input__first": -1}, "input"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)


def waiting_cases(plan: Plan) -> Iterator[Case]:
    """Tokens that wait and come back."""
    pick, picked = plan.first("program", "steps", "pick")
    restore, found = plan.first("program", "steps", "restore")
    stages = plan.sections["program"].values["stages"]
    for row, name, values, words in [
        (41, "pick of other indices", {pick + "kept": found["destination"]}, "output"),
        (41, "pick over its operand", {pick + "output": picked["input"]}, "output"),
        (41, "pick -1", {pick + "input": -1}, "input"),
        (42, "prefix 2^40", {restore + "prefix": 2**40}, "prefix"),
        (42, "prefix 2", {restore + "prefix": found["prefix"] + 1}, "destination"),
        (41, "axis 2", {restore + "axis": 2}, "axis"),
        (41, "rows as columns", {restore + "axis": 1}, "prefix"),
        (41, "destination of fewer", {restore + "destination": picked["kept"]}, "destination"),
        (41, "moved is waiting", {restore + "moved": found["waiting"]}, "moved"),
        (41, "restored over its operand", {restore + "output": found["waiting"]}, "results"),
        (42, "a stage of other patches", {"stages__1__patches_in": stages[0]["patches_in"] - 1}, "destination"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)


def halting_cases(plan: Plan) -> Iterator[Case]:
    """Gates that are no numbers, and counts of tokens that go on."""
    halt, found = plan.first("program", "steps", "halt")
    total, summed = plan.first("program", "steps", "accumulate")
    kept = f"buffers__{found['kept']}__"
    nan, inf = float("nan"), float("inf")
    for step in (halt, total):
        for field, value in (("scale", nan), ("center", inf), ("epsilon", nan), ("epsilon", 0), ("epsilon", 1)):
            changed = plan.changed("program", **{f"{step}gate__{field}": value})
            yield Case(40, f"gate's {field} {value}", changed, RUN, words="gate")
    for row, name, values, words in [
        (42, "no count", {halt + "unused": -1}, "unused"),
        (42, "a count elsewhere", {halt + "unused": found["destination"]}, "unused"),
        (42, "kept without a count", {kept + "unused__buffer": found["destination"]}, "unused"),
        (41, "kept is destination", {halt + "kept": found["destination"]}, "kept"),
        (41, "remainders of another length", {halt + "remainders": summed["output"]}, "remainders"),
        (41, "remainders in place", {halt + "new_remainders": found["remainders"]}, "results"),
        (41, "tokens -1", {halt + "tokens": -1}, "tokens"),
        (41, "sum over its tokens", {total + "output": found["tokens"]}, "output"),
        (41, "sum of another length", {total + "output": found["remainders"]}, "output"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)


def selection_cases(asvit: Plan, ats: Plan) -> Iterator[Case]:
    """Thresholds that are no numbers, steps that are none, and steps that must have tokens."""
    nan, inf = float("nan"), float("inf")
    select, found = asvit.first("program", "steps", "select")
    sample, sampled = ats.first("program", "steps", "select")
    for row, plan, name, values, words in [
        (40, asvit, "threshold NaN", {select + "threshold__value": nan}, "threshold"),
        (40, asvit, "threshold infinite", {select + "threshold__value": -inf}, "threshold"),
        (40, asvit, "steps of a threshold", {select + "steps": 3}, "steps"),
        (40, ats, "a threshold of steps", {sample + "threshold__value": 1.0}, "threshold"),
        (40, ats, "steps 0", {sample + "steps": 0}, "steps"),
        (40, ats, "steps 1", {sample + "steps": 1}, "steps"),
        (40, ats, "steps 2^40", {sample + "steps": 2**40}, "steps"),
        (41, asvit, "rule 2", {select + "rule": 2}, "rule"),
        (42, asvit, "selected without a count", {select + "unused": -1}, "unused"),
        (42, asvit, "another's count", {select + "unused": found["kept"]}, "unused"),
        (41, asvit, "scores of indices", {select + "scores": found["destination"]}, "scores"),
        (41, ats, "kept is destination", {sample + "kept": sampled["destination"]}, "kept"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)


def package_cases(plan: Plan) -> Iterator[Case]:
    """Heads that do not divide rows, and packages that are not there."""
    mean, averaged = plan.first("program", "steps", "headMean")
    layer, multiplied = plan.first("program", "steps", "headLinear")
    half, halved = plan.first("program", "steps", "headHalfMean")
    vote, voted = plan.first("program", "steps", "headVote")
    part, parted = plan.first("program", "steps", "packagePartition")
    largest, found = plan.first("program", "steps", "patchMax")
    steps = plan.sections["program"].values["steps"]
    matrices = [step["weight"] for step in steps if step["kind"] == "linear"]
    stages = plan.sections["program"].values["stages"]
    for step, name in ((mean, "headMean"), (layer, "headLinear"), (half, "headHalfMean"), (vote, "headVote")):
        for heads in (0, -1, 5, 2**40):
            yield Case(42, f"{name} of {heads} heads", plan.changed("program", **{f"{step}heads": heads}), RUN,
                       words=name)
    for row, name, values, words in [
        (41, "means over their operand", {mean + "output__buffer": averaged["input"]["buffer"]}, "output"),
        (42, "means of fewer rows", {mean + "output__count": averaged["output"]["count"] - 1}, "output"),
        (41, "a weight of another width", {layer + "weight": matrices[0]}, "weight"),
        (41, "a weight that there is not", {layer + "weight": 2**40}, "weight"),
        (41, "a bias of another length", {layer + "bias": multiplied["weight"]}, "bias"),
        (40, "norm epsilon NaN", {layer + "norm__epsilon": float("nan")}, "norm epsilon"),
        (42, "a layer of fewer rows", {layer + "output__count": 1}, "output"),
        (41, "a layer over its operand", {layer + "output__buffer": multiplied["input"]["buffer"]}, "output"),
        (41, "half means over their operand", {half + "output__buffer": halved["input"]["buffer"]}, "output"),
        (42, "half means from -1", {half + "input__first": -1}, "input"),
        (41, "votes of one buffer", {vote + "keeping": voted["score"]}, "results"),
        (41, "votes over logits", {vote + "score": voted["logits"]["buffer"]}, "score"),
        (41, "weights for logits", {vote + "logits__buffer": voted["weights"]["buffer"]}, "logits"),
        (42, "votes of fewer", {vote + "weights__count": voted["weights"]["count"] - 1}, "logits"),
        (42, "packages that are not there", {part + "packages": 2**40}, "packages"),
        (42, "packages -1", {part + "packages": -1}, "packages"),
        (42, "no count", {part + "unused": -1}, "unused"),
        (42, "a count elsewhere", {part + "unused": parted["destination"]}, "unused"),
        (41, "kept is destination", {part + "kept": parted["destination"]}, "kept"),
        (41, "scores of indices", {part + "scores": parted["destination"]}, "scores"),
        (42, "all are packages", {largest + "packages": found["input"]["count"] + 1}, "packages"),
        (41, "maxima over their operand", {largest + "output__buffer": found["input"]["buffer"]}, "output"),
        (42, "a stage of two more", {"stages__0__patches_out": stages[0]["patches_in"] + 2}, "patches out"),
    ]:
        yield Case(row, name, plan.changed("program", **values), RUN, words=words)
    # The second stage has a package more than can be in use.
    second = [index for index, step in enumerate(steps) if step["kind"] == "packagePartition"][1]
    changed = plan.changed("program", **{f"steps__{second}__packages": 2})
    yield Case(42, "packages that need not be in use", changed, RUN, words="packages")
