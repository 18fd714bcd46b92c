mkdir d && echo x > d/a && ln d/a d/b && ln d/a outside
