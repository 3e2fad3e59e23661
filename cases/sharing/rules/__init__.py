"""Who may decide what about access, and what a decision needs: pure."""
