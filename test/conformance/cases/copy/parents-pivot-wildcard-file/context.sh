mkdir d; echo x > d/x; echo f > f; mkfifo p
