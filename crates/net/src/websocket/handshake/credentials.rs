//! Who somebody is: a name with a password, or a token; as `Authorization` has it.

use std::fmt;

use super::base64;

/// What is sent to be let in, or what lets in.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password: [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617).
    Basic {
        /// `name:password`.
        pair: String,
    },
    /// A token: [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750).
    Bearer {
        /// As it is sent.
        token: String,
    },
}

/// A line that holds no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of credentials is `name:password` or `Bearer TOKEN`")]
pub struct NotCredentials {
    /// Its number, from 1.
    pub line: usize,
}

impl Credentials {
    /// Those of a file: one a line, `name:password` or `Bearer TOKEN`. Empty lines and those that begin with `#` are
    /// left out.
    ///
    /// # Errors
    /// A line that is neither.
    pub fn read(text: &str) -> Result<Vec<Self>, NotCredentials> {
        let lines = text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line.trim_end_matches('\r')))
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(number, line)| Self::of_line(line).ok_or(NotCredentials { line: number }))
            .collect()
    }

    fn of_line(line: &str) -> Option<Self> {
        if line.chars().any(char::is_control) {
            return None;
        }
        match line.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                let token = token.trim();
                let is_token =
                    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
                is_token.then(|| Self::Bearer {
                    token: token.to_owned(),
                })
            }
            _ => line.contains(':').then(|| Self::Basic {
                pair: line.to_owned(),
            }),
        }
    }

    /// The value of `Authorization`.
    pub fn field(&self) -> String {
        match self {
            Self::Basic { pair } => format!("Basic {}", base64::encode(pair.as_bytes())),
            Self::Bearer { token } => format!("Bearer {token}"),
        }
    }

    /// Whether a request with this `Authorization` is theirs. The time it takes says nothing of how much was right.
    pub fn admit(&self, field: &str) -> bool {
        let Some((scheme, given)) = field.trim().split_once(' ') else {
            return false;
        };
        let ours = self.field();
        let Some((name, expected)) = ours.split_once(' ') else {
            return false;
        };
        let given = given.trim().as_bytes();
        let mut differs = u8::from(!scheme.eq_ignore_ascii_case(name));
        differs |= u8::from(given.len() != expected.len());
        for (index, byte) in expected.bytes().enumerate() {
            differs |= byte ^ given.get(index).copied().unwrap_or(0);
        }
        std::hint::black_box(differs) == 0
    }
}

/// Says which kind, and never the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer { .. } => "Bearer(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_names_with_passwords_and_tokens() {
        let read = Credentials::read("# who\nann:a b:c\n\nBearer x.y-z\r\n").unwrap();
        assert_eq!(read[0].field(), "Basic YW5uOmEgYjpj");
        assert_eq!(read[1].field(), "Bearer x.y-z");
        assert_eq!(
            Credentials::read("ann:b\nsecret\n"),
            Err(NotCredentials { line: 2 })
        );
        assert_eq!(format!("{read:?}"), "[Basic(…), Bearer(…)]");
    }

    #[test]
    fn only_the_same_credentials_are_let_in() {
        let [ann, token] = &Credentials::read("ann:secret\nBearer abc").unwrap()[..] else {
            panic!("two")
        };
        assert!(ann.admit("basic YW5uOnNlY3JldA=="));
        assert!(token.admit("Bearer abc"));
        for field in [
            "",
            "Basic",
            "Basic YW5uOnNlY3JldB==",
            "Bearer ab",
            "Bearer abcd",
            "Basic abc",
            "abc",
        ] {
            assert!(!ann.admit(field) && !token.admit(field), "{field}");
        }
    }
}
