# The app in a container; docs/deploy.md says how it is built and run.
#   docker build -t fashion-mnist-studio .                          everything
#   docker build -t fashion-mnist-studio --build-arg TRAINING=0 .   classifies, trains nothing
FROM python:3.11-slim-bookworm

ARG TRAINING=1
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# a user without rights, and a folder for what is kept: mount a volume there
RUN useradd --create-home --uid 1000 studio \
    && install -d -o studio -g studio /home/studio/app /data

WORKDIR /home/studio/app
COPY requirements.txt ./
# the web process never imports TensorFlow or Keras: without training they are left out
RUN if [ "$TRAINING" = 1 ]; then cp requirements.txt installed.txt; \
    else grep -Ev '^(tensorflow|keras)==' requirements.txt > installed.txt; fi \
    && pip install -r installed.txt

COPY --chown=studio:studio . ./
USER 1000

# A container is reached through a port that its host publishes. Whoever reaches it may train and
# delete; FMNIST_PUBLIC=1 and FMNIST_OWNERS close that, see SECURITY.md.
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    FMNIST_RUNS=/data/runs \
    FMNIST_CORRECTIONS=/data/corrections \
    FMNIST_NOTES=/data/notes
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py"]
