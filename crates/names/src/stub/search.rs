//! The search list: which names a name that was typed may stand for, as res_search(3) tries them.

use hickory_proto::rr::Name;

use super::ResolvConf;

/// The names to try, in order, all absolute, each once: an absolute name alone; one with at least `ndots` dots as it
/// stands first, then below each domain; one with fewer below each domain first.
pub fn candidates(name: &Name, conf: &ResolvConf) -> Vec<Name> {
    let mut as_it_stands = name.clone();
    as_it_stands.set_fqdn(true);
    if name.is_fqdn() {
        return vec![as_it_stands];
    }
    let dots = usize::from(name.num_labels().saturating_sub(1));
    let mut names = Vec::new();
    if dots >= conf.ndots {
        names.push(as_it_stands.clone());
    }
    for domain in conf.search.iter().flatten() {
        // One that gets too long is no name, and is left out.
        if let Ok(mut below) = name.clone().append_name(domain) {
            below.set_fqdn(true);
            names.push(below);
        }
    }
    if dots > 0 || !conf.no_single_label {
        names.push(as_it_stands);
    }
    let mut once: Vec<Name> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{name_text, read_name};

    fn tried(name: &str, conf: &str) -> Vec<String> {
        let names = candidates(&read_name(name).unwrap(), &ResolvConf::parse(conf));
        names.iter().map(name_text).collect()
    }

    #[test]
    fn the_number_of_dots_decides_what_is_tried_first() {
        let conf = "search a.example b.example\n";
        assert_eq!(
            tried("www", conf),
            ["www.a.example.", "www.b.example.", "www."]
        );
        assert_eq!(
            tried("www.x", conf),
            ["www.x.", "www.x.a.example.", "www.x.b.example."]
        );
        let conf = "search a.example\noptions ndots:2\n";
        assert_eq!(tried("www.x", conf), ["www.x.a.example.", "www.x."]);
        assert_eq!(
            tried("www", "search a.example\noptions ndots:0\n"),
            ["www.", "www.a.example."]
        );
        assert_eq!(
            tried("www", "search a.example\noptions no-tld-query\n"),
            ["www.a.example."]
        );
    }

    #[test]
    fn a_final_dot_means_this_name_and_no_other() {
        assert_eq!(tried("www.", "search a.example\n"), ["www."]);
    }

    #[test]
    fn a_name_is_tried_once_and_one_too_long_not_at_all() {
        assert_eq!(
            tried("www", "search . a.example a.example\n"),
            ["www.", "www.a.example."]
        );
        let long = "a.".repeat(126) + "a";
        assert_eq!(tried(&long, "search example\n").len(), 1);
    }
}
