mkdir -p d/sub && echo x > d/f && echo y > d/sub/g && chmod 2750 d/sub
ln -s d ld && ln -s d/f lf && ln -s ../d/sub d/up && ln -s f d/inner
