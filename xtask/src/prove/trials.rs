//! Every long test: one row each.

/// A test that tries more than `cargo test` has time for.
pub(crate) struct Trial {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// The package that holds it.
    pub(crate) package: &'static str,
    /// The binary among that package's tests.
    pub(super) binary: &'static str,
    /// The test's path in its binary.
    pub(crate) test: &'static str,
}

/// The long tests, in the order in which they run.
pub(crate) const TRIALS: &[Trial] = &[
    Trial {
        name: "workflows",
        package: "plimsoll-path",
        binary: "brute_force",
        test: "held_and_skippable_equal_enumeration",
    },
    Trial {
        name: "scripts",
        package: "plimsoll-path",
        binary: "brute_force",
        test: "the_scripts_mean_what_the_shell_says",
    },
    Trial {
        name: "advisory-matches",
        package: "plimsoll-advisories",
        binary: "database",
        test: "matching::generated_records_match_as_the_schema_says",
    },
    Trial {
        name: "database-bytes",
        package: "plimsoll-advisories",
        binary: "database",
        test: "damage::every_flipped_byte_is_refused_told_or_harmless",
    },
    Trial {
        name: "database-numbers",
        package: "plimsoll-advisories",
        binary: "database",
        test: "damage::hostile_numbers_do_not_panic",
    },
    Trial {
        name: "ledger-bytes",
        package: "plimsoll-store",
        binary: "tampering",
        test: "no_changed_byte_of_the_file_changes_what_is_read",
    },
    Trial {
        name: "ledger-kills",
        package: "plimsoll-store",
        binary: "crash",
        test: "a_killed_writer_leaves_whole_events",
    },
    Trial {
        name: "server-kills",
        package: "plimsoll-environment",
        binary: "crash",
        test: "killed_at_random_moments_no_server_is_lost",
    },
    Trial {
        name: "server-calls",
        package: "plimsoll-environment",
        binary: "crash",
        test: "killed_before_each_system_call_that_changes_something_no_server_is_lost",
    },
    Trial {
        name: "deployment-kills",
        package: "plimsoll-cli",
        binary: "it",
        test: "crash::a_killed_deployment_is_settled_by_the_next_command",
    },
];
