"""What a row found, and what it had to."""
import dataclasses


@dataclasses.dataclass
class Verdict:
    fault: str
    must: str
    figures: dict = dataclasses.field(default_factory=dict)
    problems: list = dataclasses.field(default_factory=list)

    def check(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    @property
    def holds(self):
        return not self.problems

    def json(self, row):
        return {"row": row, "fault": self.fault, "must": self.must, "holds": self.holds, "figures": self.figures,
                "problems": self.problems}
