"""What a course is: settings, names, folders, gradebook, pages; knows no server."""
