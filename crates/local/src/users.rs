//! The name of a user, from passwd(5).

/// The name of the user `user_id` in `/etc/passwd`; `None` if it is not there (it may be in a directory service).
#[must_use]
pub fn user_name(user_id: u32) -> Option<String> {
    let text = std::fs::read("/etc/passwd").ok()?;
    name_in(&String::from_utf8_lossy(&text), user_id)
}

fn name_in(text: &str, user_id: u32) -> Option<String> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == user_id && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_field_names_the_first() {
        let text = "# passwd\nbroken\nroot:x:0:0:root:/root:/bin/sh\n+::::::\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_in(text, 1000).as_deref(), Some("ana"));
        assert_eq!(name_in(text, 0).as_deref(), Some("root"));
        assert_eq!(name_in(text, 7), None);
    }
}
