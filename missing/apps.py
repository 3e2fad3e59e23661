from django.apps import AppConfig

from accounts.services.database.rights import ADD, add_and_change, declare_rights

# What an entry carries of its origin is never rewritten.
ORIGIN = ("child_id", "category", "author_id", "author_membership_id", "agency_id", "recorded_at")


class MissingConfig(AppConfig):
    name = "missing"
    verbose_name = "Missing children"

    def ready(self) -> None:
        from accounts.services.holdings import Holding, register_holding
        from cases.clocks.choices import ClockKind
        from cases.clocks.services import register_should_run
        from cases.presenters.home import register_home_block
        from cases.sharing.services.conflicts import register_kept_away
        from missing.presenters.home import home_blocks
        from missing.selectors.interviews import count_allocated, interview_addresses, interviews_that_should_run
        from missing.services.kept_away import take_name_off

        register_should_run(ClockKind.INTERVIEW_HELD, interviews_that_should_run, addresses=interview_addresses)
        register_home_block(home_blocks)
        register_kept_away(take_name_off)
        allocated = Holding("return interview to hold", "return interviews to hold", count_allocated)
        register_holding("interviews", allocated)
        declare_rights(
            {
                "missing_missingepisode": add_and_change(but=ORIGIN),
                "missing_episodestep": ADD,
                "missing_policegrade": ADD,
                "missing_safeandwellcheck": ADD,
                "missing_missingreport": ADD,
                "missing_returninterview": add_and_change(but=(*ORIGIN, "episode_id")),
                "missing_interviewstep": ADD,
                "missing_interviewfinding": ADD,
                "missing_safetybriefing": ADD,
            }
        )
