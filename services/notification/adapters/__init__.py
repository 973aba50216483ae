"""Where mails, their records and their contacts really are."""
