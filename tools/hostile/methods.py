"""Plans of methods that models are trained with for fewer tokens: rows 40 to 42."""

from __future__ import annotations

from typing import Iterator

from case import Case
from plans import RUN, Plan


def cases(
    ppt: Plan, dynamicvit: Plan, evovit: Plan, avit: Plan, asvit: Plan, ats: Plan
) -> Iterator[Case]:
    """Every field of their steps."""
    yield from policy_cases(ppt)
    yield from predictor_cases(dynamicvit)
    yield from waiting_cases(evovit)
    yield from halting_cases(avit)
    yield from selection_cases(asvit, ats)


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
