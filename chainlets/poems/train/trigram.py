"""Trigrams by interpolated modified Kneser-Ney (Chen and Goodman 1998), to compare with."""
import collections

from layout import BOS, VOCABULARY


class Order:
    """Counts of one length of n-gram, and what is left over for shorter ones."""

    def __init__(self, counts):
        self.counts = counts
        of_counts = collections.Counter(counts.values())
        n1, n2, n3, n4 = (of_counts[n] or 1 for n in range(1, 5))
        y = n1 / (n1 + 2 * n2)
        self.discounts = [0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
        self.totals, self.left = collections.Counter(), collections.Counter()
        for ngram, count in counts.items():
            self.totals[ngram[:-1]] += count
            self.left[ngram[:-1]] += self.discounts[min(count, 3)]

    def probability(self, ngram, shorter):
        total = self.totals.get(ngram[:-1])
        if not total:
            return shorter
        count = self.counts.get(ngram, 0)
        return (count - self.discounts[min(count, 3)] + self.left[ngram[:-1]] * shorter) / total


class Trigram:
    def __init__(self, sequences):
        """sequences: [ids…], each beginning with <s>."""
        three = collections.Counter(n for ids in sequences for n in ngrams(ids))
        two = collections.Counter(n[1:] for n in three)
        one = collections.Counter(n[1:] for n in two)
        self.orders = [Order(one), Order(two), Order(three)]

    def probability(self, ngram):
        p = 1 / VOCABULARY
        for size, order in enumerate(self.orders, start=1):
            p = order.probability(ngram[-size:], p)
        return p


def ngrams(ids):
    ids = [BOS, *ids]
    return list(zip(ids, ids[1:], ids[2:]))


class Mixed:
    """Two models, weighted to fit `tuning` best (expectation maximization)."""

    def __init__(self, first, second, tuning):
        self.first, self.second, self.weight = first, second, 0.5
        pairs = [(first.probability(n), second.probability(n))
                 for ids in tuning for n in ngrams(ids)]
        for _ in range(30):
            shares = (self.weight * a / (self.weight * a + (1 - self.weight) * b) for a, b in pairs)
            self.weight = sum(shares) / len(pairs)

    def probability(self, ngram):
        return (self.weight * self.first.probability(ngram)
                + (1 - self.weight) * self.second.probability(ngram))
