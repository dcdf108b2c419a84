"""What a course is: settings, names, folders, gradebook, pages; knows neither server nor jobs."""
