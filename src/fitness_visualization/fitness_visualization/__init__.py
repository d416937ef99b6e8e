"""What people see: the annotated picture and the annotated video."""
