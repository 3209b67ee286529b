"""Training's examples: stanzas of the corpus, as the answer to a request or by themselves.

A request names a noun of its stanza, most often in the first lines. Nouns are guessed: words that
often follow an article or the like. Seldom nouns are asked for more often than they occur.
"""
import collections
import random

from layout import BOS, EOS, IDS, chapters, ends_sentence, stanza, words_of

NOUN_WEIGHT = 5  # that the poem is about its word is learned late otherwise
BEFORE_NOUNS = set("a an the my your his her its our their no every like of this".split())
NO_NOUNS = set("""all also and are but for from has have had her him his how its may not one our own
she the their them then there these they this those was were what when where which who whom whose
will with you your other same others great first more both much such very most son sons""".split())
# What today's words would stand beside, so that the model has heard of them.
THEMES = {
    "bird": "bird birds bird birds sparrow dove eagle eagles raven wings nest",
    "plane": "wings fly cloud clouds eagles whirlwind chariot chariots",
    "superman": "mighty champion warrior strength deliverer strong",
    "car": "chariot chariots wheels", "ocean": "sea deep waves", "cat": "lion lions leopard",
    "flower": "lily lilies blossom flower", "space": "stars heavens expanse moon",
    "music": "harp lyre trumpet song", "rain": "rain showers dew", "love": "love beloved loves",
    "winter": "snow frost ice cold", "night": "night darkness stars", "money": "silver gold riches",
}


class Examples:
    def __init__(self, tokenizer, file, seed):
        self.tokenizer = tokenizer
        self.randomness = random.Random(seed)
        self.chapters = chapters(file)
        self.of_kind = {wanted: [lines for kind, lines in self.chapters if kind == wanted]
                        for wanted in ("verse", "prose")}
        self.places = {"verse": {}, "prose": {}}  # word → [(lines, index)…]
        for kind, places in self.places.items():
            for lines in self.of_kind[kind]:
                for i, line in enumerate(lines):
                    for word in set(words_of([line])):
                        places.setdefault(word.removesuffix("'s"), []).append((lines, i))
        self.singular = self._nouns()
        self.themes = {theme: [word for word in words.split() if word in self.places["verse"]]
                       for theme, words in THEMES.items()}
        self.choices = {kind: self._choices(kind) for kind in self.places}

    def _nouns(self):
        """{noun: singular}"""
        total, after = collections.Counter(), collections.Counter()
        for _, lines in self.chapters:
            words = words_of(lines)
            total.update(words)
            after.update(b for a, b in zip(words, words[1:]) if a in BEFORE_NOUNS)
        nouns = {w for w, n in total.items() if n >= 4 and after[w] > 0.35 * n
                 and len(w) > 2 and "'" not in w and w not in NO_NOUNS}
        singular = {}
        for noun in sorted(nouns):
            forms = [noun[:-1]] if noun.endswith("s") else []
            forms += [noun[:-2]] if noun.endswith("es") else []
            forms += [noun[:-3] + "y"] if noun.endswith("ies") else []
            singular[noun] = next((form for form in forms if form in nouns), noun)
        return singular

    def _choices(self, kind):
        words = [w for w in self.singular if w in self.places[kind]]
        return words, [len(self.places[kind][w]) ** 0.6 for w in words]

    def _stanza_with(self, word, kind):
        lines, i = self.randomness.choice(self.places[kind][word])
        starts = [s for s in range(max(0, i - 5), i + 1) if s == 0 or ends_sentence(lines[s - 1])]
        near = [s for s in starts if s > i - 2]
        start = self.randomness.choice(near or starts or [i])
        return stanza(lines[start:start + 9], self.randomness, least=max(4, i + 1 - start), at=0)

    def asked(self, kind):
        """(ids, a weight for each but the first: 0 in the request, more where the noun is said)"""
        if self.randomness.random() < 0.06:
            asked = self.randomness.choice(list(self.themes))
            word = self.randomness.choice(self.themes[asked])
            kind = kind if word in self.places[kind] else "verse"
        else:
            words, weights = self.choices[kind]
            word = self.randomness.choices(words, weights)[0]
            asked = self.singular[word] if self.randomness.random() < 0.75 else word
        prompt = self.tokenizer.prompt(asked)
        lines = self._stanza_with(word, kind)
        answer, spelling = self.tokenizer.text_with("\n".join(lines), word)
        weights = [NOUN_WEIGHT if spells else 1 for spells in spelling] + [1]
        return prompt + answer + [IDS["<|end|>"]], [0] * (len(prompt) - 1) + weights

    def plain(self, kind):
        return plain(self.tokenizer, stanza(self.randomness.choice(self.of_kind[kind]),
                                            self.randomness))

    def draw(self, verse_share):
        kind = "verse" if self.randomness.random() < verse_share else "prose"
        return self.asked(kind) if self.randomness.random() < 0.8 else self.plain(kind)


def plain(tokenizer, lines):
    """As Examples.asked, without a request."""
    ids = [BOS, *tokenizer.text("\n".join(lines)), EOS]
    return ids, [1] * (len(ids) - 1)


def stanzas(file, kinds=("verse", "prose")):
    """Every line of the file's chapters of these kinds once, in stanzas of 4 to 8 lines."""
    for kind, lines in chapters(file):
        while lines and kind in kinds:
            ends = [n for n in range(4, 9) if n <= len(lines) and ends_sentence(lines[n - 1])]
            size = ends[-1] if ends else 8
            yield lines[:size]
            lines = lines[size:]
