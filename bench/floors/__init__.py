"""What a family's doors are measured beside: functions that do nothing else."""
