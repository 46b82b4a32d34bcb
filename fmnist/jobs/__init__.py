"""Training processes: start, queue, stop, pause and resume them; one trains at a time.

Offers `launch.start_training` and what pages ask of a job. Never imports TensorFlow.
"""
