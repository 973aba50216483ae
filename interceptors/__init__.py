"""What every call goes through: one concern a module, `chain` fixes the sequence."""
