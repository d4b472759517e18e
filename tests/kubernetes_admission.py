"""What a ValidatingAdmissionPolicy of the manifests says of an object, by CEL's own library (cel-expr-python)."""

from dataclasses import dataclass
from typing import Any

from kubernetes_stage import KUBERNETES, Manifest, documents, pick

NAMES = ("object", "oldObject", "request", "variables")


class NoAnswer(Exception):
    """An expression ended in an error: the API server refuses then, by `failurePolicy: Fail`."""


@dataclass
class Admission:
    """One policy, asked as the API server asks it: conditions, then variables, then every validation."""

    cel: Any
    policy: Manifest

    @classmethod
    def of(cls, cel: Any, file: str) -> "Admission":
        """The policy in that file of deploy/kubernetes/admission."""
        name = f"soundstage-{file.removesuffix('.yaml')}"
        manifests = documents(KUBERNETES / "admission" / file)
        return cls(cel, pick(manifests, "ValidatingAdmissionPolicy", name))

    def refusals(self, thing: Manifest | None, operation: str = "CREATE", **more: Any) -> list[str]:
        """The messages of what does not hold, none where it is let in. Raises NoAnswer."""
        variables: dict[str, Any] = {}
        known = {
            "object": thing,
            "oldObject": more.get("old"),
            "request": {"operation": operation, "userInfo": {"username": more.get("user", "somebody")}},
            "variables": variables,
        }
        spec = self.policy["spec"]
        if not all(self._value(one["expression"], known) for one in spec.get("matchConditions", ())):
            return []
        for one in spec.get("variables", ()):
            variables |= self._variable(one, known)
        failed = [one for one in spec["validations"] if self._value(one["expression"], known) is not True]
        return [one.get("message") or self._value(one["messageExpression"], known) for one in failed]

    def _variable(self, one: dict[str, str], known: dict[str, Any]) -> dict[str, Any]:
        """Evaluated when it is first used, in a cluster: what has no value (of a deleted object, say) is not there."""
        try:
            return {one["name"]: self._value(one["expression"], known)}
        except NoAnswer:
            return {}

    def _value(self, expression: str, known: dict[str, Any]) -> Any:
        environment = self.cel.NewEnv(variables=dict.fromkeys(NAMES, self.cel.Type.DYN))
        found = environment.compile(expression).eval(data=known)
        if found.type() == self.cel.Type.ERROR:
            raise NoAnswer(f"{' '.join(expression.split())}: {found.value()}")
        return found.plain_value()
