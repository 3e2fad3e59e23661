from django.apps import AppConfig

from accounts.services.database.rights import ADD, add_and_change, declare_rights


class ReferralsConfig(AppConfig):
    name = "referrals"
    verbose_name = "Notifications and triage"

    def ready(self) -> None:
        from cases.clocks.choices import AlertKind, ClockKind
        from cases.clocks.services import register_kept_from, register_should_alert, register_should_run
        from cases.presenters.home import register_home_block
        from missing.services import register_file_questions
        from referrals.presenters.home import home_blocks
        from referrals.selectors import clocks
        from referrals.selectors.kept import notifications_kept_from
        from referrals.selectors.triage import questions_kept_from, questions_waiting
        from referrals.services.triage_questions import ask_guardians_of_report

        decide, answer = clocks.notification_addresses, clocks.question_addresses
        register_should_alert(AlertKind.URGENT_NOTIFICATION, clocks.urgent_and_waiting, addresses=decide)
        register_should_alert(AlertKind.MATCH_QUESTION, questions_waiting, addresses=answer)
        register_should_run(ClockKind.NOTIFICATION_DECIDED, clocks.to_decide, addresses=decide)
        register_should_run(ClockKind.URGENT_NOTIFICATION_DECIDED, clocks.to_decide_urgently, addresses=decide)
        register_kept_from(questions_kept_from, AlertKind.MATCH_QUESTION)
        register_kept_from(notifications_kept_from, AlertKind.URGENT_NOTIFICATION, *clocks.DECIDING)
        register_home_block(home_blocks)
        register_file_questions(ask_guardians_of_report)
        matrix = ("tool_id", "answers", "result", "matrix_evidence", "computed_level")
        declare_rights(
            {
                # What the referrer said stays as it was said; the Matrix may be completed once.
                "referrals_notification": add_and_change(
                    *matrix,
                    "matrix_completed_at",
                    "status",
                    "child_id",
                    "version",
                    settles={"matrix_completed_at": matrix},
                ),
                "referrals_triagedecision": ADD,
                "referrals_matchquestion": add_and_change(
                    "same_child",
                    "answered_by_id",
                    "answered_at",
                    settles={"answered_at": ("same_child", "answered_by_id")},
                ),
            }
        )
