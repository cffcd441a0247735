//! Recognising a few well-known licences by their texts.

/// A licence, what its text says, and what it does not say.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str]);

const RULES: [Rule; 12] = [
    (
        "MIT",
        &[
            "permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
             associated documentation files",
            "the above copyright notice and this permission notice",
        ],
        &[],
    ),
    ("BSL-1.0", &["boost software license - version 1.0"], &[]),
    (
        "ISC",
        &[
            "distribute this software for any purpose with or without fee is hereby granted, provided that the above \
             copyright notice",
        ],
        &[],
    ),
    (
        "0BSD",
        &["distribute this software for any purpose with or without fee is hereby granted. the software"],
        &[],
    ),
    (
        "BSD-2-Clause",
        &[
            "redistribution and use in source and binary forms",
            "in binary form must reproduce",
        ],
        &["endorse or promote", "advertising materials"],
    ),
    (
        "BSD-3-Clause",
        &[
            "redistribution and use in source and binary forms",
            "in binary form must reproduce",
            "endorse or promote",
        ],
        &["advertising materials"],
    ),
    (
        "Apache-2.0",
        &["apache license", "version 2.0, january 2004"],
        &[],
    ),
    (
        "MPL-2.0",
        &["mozilla public license version 2.0", "1. definitions"],
        &[],
    ),
    (
        "Zlib",
        &[
            "without any express or implied warranty",
            "altered source versions must be plainly marked as such",
        ],
        &[],
    ),
    (
        "Unlicense",
        &["this is free and unencumbered software released into the public domain"],
        &[],
    ),
    ("CC0-1.0", &["cc0 1.0 universal"], &[]),
    (
        "blessing",
        &["may you do good and not evil", "the author disclaims copyright"],
        &[],
    ),
];

/// Families whose texts do not say whether later versions may be taken: what the text begins with, and the name.
const FAMILIES: [(&str, &str); 5] = [
    ("gnu lesser general public license version 3", "LGPL-3.0"),
    ("gnu lesser general public license version 2.1", "LGPL-2.1"),
    ("gnu affero general public license version 3", "AGPL-3.0"),
    ("gnu general public license version 3", "GPL-3.0"),
    ("gnu general public license version 2", "GPL-2.0"),
];

/// What a licence's text seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Guess {
    /// One licence.
    One(&'static str),
    /// Something that only a person can decide, and what is known of it.
    Unsure(String),
}

/// Recognises a licence's text.
pub(super) fn guess(text: &str) -> Guess {
    let text = plain(text);
    let found: Vec<&str> = RULES
        .iter()
        .filter(|(_, says, says_not)| {
            says.iter().all(|phrase| text.contains(phrase))
                && !says_not.iter().any(|phrase| text.contains(phrase))
        })
        .map(|(name, ..)| *name)
        .collect();
    let head: String = text.chars().take(200).collect();
    let family = FAMILIES.iter().find(|(beginning, _)| head.contains(beginning));
    match (&found[..], family) {
        ([one], None) => Guess::One(one),
        ([], None) => Guess::Unsure("no well-known licence was recognised".to_owned()),
        ([], Some((_, name))) => Guess::Unsure(format!("{name}-only or {name}-or-later")),
        (several, _) => Guess::Unsure(format!("the text seems to hold {}", several.join(" and "))),
    }
}

/// Lower case, with single spaces, without the marks of comments.
fn plain(text: &str) -> String {
    let words = text
        .split(|character: char| character.is_whitespace() || "*#/".contains(character))
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_known_is_recognised_and_nothing_else() {
        let mit = "Permission is hereby granted, free of charge, to any person obtaining a copy\n * of this software \
                   and associated documentation files, … The above copyright notice and this permission notice shall";
        let bsd = "Redistribution and use in source and binary forms, … Redistributions in binary form must reproduce";
        let three = format!("{bsd} … may not be used to endorse or promote products");
        let four = format!("{three} All advertising materials mentioning");
        let both = format!("{mit} {three}");
        let gpl = "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007";
        let lesser = "                   GNU LESSER GENERAL PUBLIC LICENSE\n   Version 2.1, February 1999";
        let unsure = |text: &str| Guess::Unsure(text.to_owned());
        for (text, expected) in [
            (mit, Guess::One("MIT")),
            (bsd, Guess::One("BSD-2-Clause")),
            (&three, Guess::One("BSD-3-Clause")),
            (&four, unsure("no well-known licence was recognised")),
            (&both, unsure("the text seems to hold MIT and BSD-3-Clause")),
            (gpl, unsure("GPL-3.0-only or GPL-3.0-or-later")),
            (lesser, unsure("LGPL-2.1-only or LGPL-2.1-or-later")),
            (
                "All rights reserved",
                unsure("no well-known licence was recognised"),
            ),
        ] {
            assert_eq!(guess(text), expected, "{text}");
        }
    }

    #[test]
    fn licences_of_the_workspace_are_recognised() {
        let text = include_str!("../../../LICENSE");
        assert_eq!(guess(text), Guess::One("MIT"));
    }
}
